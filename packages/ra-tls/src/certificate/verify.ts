import { type EvidenceAge, expectYoungEvidence } from "./evidence-age.ts";
import { parseRaTlsCertificate, type RaTlsCertificate } from "./parse.ts";
import { expectBound, type KeyBinding } from "./report-data.ts";

/** Evidence that was proven genuine, with its report data: what `verifyEvidence` of the attestation package returns. */
export interface ProvenEvidence {
  readonly report: { readonly reportData: Uint8Array };
}

/**
 * Proves evidence and judges it by a policy. Throws to refuse. It need not look at the report data, and may, to refuse
 * before it fetches collateral: with {@link expectBound}.
 */
export type EvidenceVerifier<Proof extends ProvenEvidence> = (
  evidence: Uint8Array,
  binding: KeyBinding,
) => Promise<Proof>;

/** How {@link verifyRaTlsCertificate} judges. */
export interface RaTlsVerification<Proof extends ProvenEvidence> {
  readonly verifyEvidence: EvidenceVerifier<Proof>;
  /** Demands zeros in the second half of the report data, which Gramine writes but does not check. Default false. */
  readonly strict?: boolean;
  /** Limit on the age of the evidence. Without one, evidence counts as long as its collateral does. */
  readonly age?: EvidenceAge;
}

/** A peer whose evidence was accepted and speaks for its key. */
export interface RaTlsPeer<Proof extends ProvenEvidence>
  extends Pick<RaTlsCertificate, "publicKeyInfo" | "keyKind" | "form" | "issuedAt"> {
  readonly evidence: Proof;
}

/**
 * Proves that a certificate's key was made by the TEE that its evidence speaks of. That whoever presents the certificate
 * holds the key is for TLS to prove.
 *
 * @throws CoreError, RaTlsError for a certificate that is malformed or not bound to its evidence; whatever
 * `verifyEvidence` throws
 */
export async function verifyRaTlsCertificate<Proof extends ProvenEvidence>(
  der: Uint8Array,
  { verifyEvidence, strict = false, age }: RaTlsVerification<Proof>,
): Promise<RaTlsPeer<Proof>> {
  // A copy, which nobody can change while the checks go on.
  const { publicKeyInfo, keyKind, form, issuedAt, ...found } = await parseRaTlsCertificate(Uint8Array.from(der));
  if (age !== undefined) {
    expectYoungEvidence(issuedAt, age);
  }
  const binding = { reportData: found.expectedReportData, strict };
  const evidence = await verifyEvidence(Uint8Array.from(found.evidence), { ...binding });
  expectBound(evidence.report.reportData, binding);
  return { publicKeyInfo, keyKind, form, issuedAt, evidence };
}
