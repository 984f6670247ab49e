/**
 * What the attestation figures are measured with: real evidence with the collateral of its time where the public vectors
 * lie beside the project, so that a peer that trusts Intel's root alone can take part; otherwise the simulator's.
 */
import {
  type Collateral,
  parseCollateralFile,
  type SnpCollateral,
  type TrustedRoot,
  trustedRootFromPem,
  vendorRoot,
  verifyCollateral,
  verifyEvidence,
  verifySnpCollateral,
} from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import { createSnpVendor } from "@sealserve/simulator/vendor";
import { readVector, readVectorText, vectorsPresent } from "../tests/support/vectors.ts";

/** The kinds of evidence that are measured. */
export const SUBJECT_NAMES = ["sgx", "tdx", "snp"] as const;

/** A kind of evidence that is measured. */
export type SubjectName = (typeof SUBJECT_NAMES)[number];
/** The kinds that a quoting enclave signs. */
export type QuoteName = Exclude<SubjectName, "snp">;

/** Evidence and all that it is verified with. */
export interface Subject {
  readonly source: string;
  readonly evidence: Uint8Array;
  readonly collateral: Collateral | SnpCollateral;
  /** The same as the file that other verifiers read; undefined where they would not trust its root. */
  readonly collateralFile?: string;
  readonly root: TrustedRoot;
  readonly now: Date;
}

const QUOTES: Readonly<Record<QuoteName, { id: string; folder: string; collateral: string; now: string }>> = {
  sgx: {
    id: "sgx-automata-v3/full-2",
    folder: "sgx-quote-v3/sgx-automata-v3",
    collateral: "collateral-2.json",
    now: "2025-08-30T05:09:06Z",
  },
  tdx: {
    id: "tdx4-phala-new/full-1",
    folder: "tdx-quote-v4/tdx4-phala-new",
    collateral: "collateral-1.json",
    now: "2025-07-04T10:16:31Z",
  },
};
const REPORT = { id: "snp-oak-milan-v3-release", now: "2027-05-17T21:21:54Z" };

/** A verifier remembers 32 authorities, of which each simulated vendor of quotes has three. */
const STRANGERS = 24;

export async function loadSubject(name: SubjectName): Promise<Subject> {
  if (!vectorsPresent) {
    return simulatedSubject(name);
  }
  return name === "snp" ? realReport() : realQuote(name);
}

async function realQuote(name: QuoteName): Promise<Subject> {
  const { id, folder, collateral, now } = QUOTES[name];
  const collateralFile = await readVectorText(`${folder}/${collateral}`);
  return {
    source: id,
    evidence: await readVector(`${folder}/quote.bin`),
    collateral: parseCollateralFile(collateralFile),
    collateralFile,
    root: vendorRoot,
    now: new Date(now),
  };
}

async function realReport(): Promise<Subject> {
  const [evidence, vek, ask, ark] = await Promise.all([
    readVector(`snp/${REPORT.id}/report.bin`),
    readVector(`snp/${REPORT.id}/vek.der`),
    readVectorText("snp/certs/sev-milan.pem"),
    readVectorText("snp/certs/ark-milan.pem"),
  ]);
  return { source: REPORT.id, evidence, collateral: { vek, ask, ark }, root: vendorRoot, now: new Date(REPORT.now) };
}

/** Evidence of more vendors than a verifier remembers, so that each of them, taken in turn, is a stranger. */
export async function strangers(name: QuoteName): Promise<Subject[]> {
  return Promise.all(Array.from({ length: STRANGERS }, () => simulatedQuote(name)));
}

function simulatedSubject(name: SubjectName): Promise<Subject> {
  return name === "snp" ? simulatedReport() : simulatedQuote(name);
}

async function simulatedQuote(name: QuoteName): Promise<Subject> {
  const now = new Date();
  const vendor = await createVendor({ now });
  const reportData = new Uint8Array(64);
  const quote =
    name === "sgx"
      ? vendor.quote({ mrEnclave: "11".repeat(32), reportData })
      : vendor.tdxQuote({ mrTd: "11".repeat(48), reportData });
  return {
    source: "simulator",
    evidence: await quote,
    collateral: await vendor.collateral({ tee: name }),
    root: await trustedRootFromPem(vendor.rootPem),
    now,
  };
}

async function simulatedReport(): Promise<Subject> {
  const now = new Date();
  const vendor = await createSnpVendor({ now, product: "Milan" });
  const { ark, ask, vcek } = vendor;
  return {
    source: "simulator",
    evidence: await vendor.report({ measurement: "11".repeat(48), reportData: new Uint8Array(64) }),
    collateral: { vek: vcek.certificate.raw, ask: ask.certificate.raw, ark: ark.certificate.raw },
    root: await trustedRootFromPem(vendor.arkPem),
    now,
  };
}

/** One warm verification: collateral and platform were verified before. */
export async function warmVerification({ evidence, collateral, root, now }: Subject): Promise<() => Promise<unknown>> {
  const verified =
    "tcbInfo" in collateral
      ? await verifyCollateral(collateral, { now, root })
      : await verifySnpCollateral(collateral, { now, root });
  return () => verifyEvidence(evidence, verified, { now, root });
}

/** One cold verification: nothing is known of the platform and the collateral. */
export function coldVerification({ evidence, collateral, root, now }: Subject): () => Promise<unknown> {
  return () => verifyEvidence(evidence, collateral, { now, root });
}
