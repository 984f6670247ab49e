import type { VerifiedEvidence } from "@sealserve/attestation";

/** How current an Intel platform is, part by part. */
export interface TcbFacts {
  readonly status: string;
  readonly platform: string;
  /** Null for SGX, and for modules that have no identity of their own. */
  readonly tdxModule: string | null;
  readonly qe: string;
  /** The oldest of the levels that were reached, ISO 8601. */
  readonly date: string;
  readonly evaluationNumber: number;
  readonly advisories: readonly { readonly id: string; readonly sources: readonly string[] }[];
}

/** The TCB of evidence; null for SEV-SNP, which states none. */
export function tcbFacts(evidence: VerifiedEvidence): TcbFacts | null {
  if (evidence.tee === "snp") {
    return null;
  }
  return {
    status: evidence.tcbStatus,
    platform: evidence.platformTcbStatus,
    tdxModule: evidence.tdxModuleTcbStatus ?? null,
    qe: evidence.qeTcbStatus,
    date: evidence.tcbDate.toISOString(),
    evaluationNumber: evidence.tcbEvaluationDataNumber,
    advisories: evidence.advisories,
  };
}

/** What the vendor certified of the machine that made evidence. */
export function platformFacts(evidence: VerifiedEvidence): Readonly<Record<string, string>> {
  if (evidence.tee === "snp") {
    const { product, signingKey, vek, tcbs } = evidence;
    return {
      product,
      signedBy: signingKey.toUpperCase(),
      ...(vek.hardwareId === undefined ? {} : { chipId: vek.hardwareId }),
      ...(vek.providerId === undefined ? {} : { provider: vek.providerId }),
      reportedTcb: levelsText(tcbs.reported),
    };
  }
  const { fmspc, ppid, issuer, platformInstanceId } = evidence.pck;
  return {
    fmspc,
    ppid,
    ...(platformInstanceId === undefined ? {} : { platformInstanceId }),
    certifiedBy: issuer,
  };
}

function levelsText(levels: object): string {
  return Object.entries(levels)
    .map(([name, level]) => `${name} ${level}`)
    .join(", ");
}
