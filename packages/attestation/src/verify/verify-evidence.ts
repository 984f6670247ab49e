import type { Collateral } from "../collateral/collateral.ts";
import { AttestationError } from "../errors.ts";
import { EVIDENCE_MAX_LENGTH, type Evidence, parseEvidence } from "../evidence.ts";
import { isVerifiedCollateral, type VerifiedCollateral } from "./intel/verified-collateral.ts";
import { verifyQuote } from "./intel/verify-quote.ts";
import type { SnpCollateral } from "./snp/snp-collateral.ts";
import type { VerifiedSnpCollateral } from "./snp/verified-snp-collateral.ts";
import { verifySnpReport } from "./snp/verify-snp-report.ts";
import {
  type EvidenceFacts,
  sealEvidence,
  type VerifiedEvidence,
  type VerifiedIntelEvidence,
  type VerifiedSnpEvidence,
} from "./verified-evidence.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { snapshotClock } from "./window.ts";

type IntelCollateral = Collateral | VerifiedCollateral;
type AmdCollateral = SnpCollateral | VerifiedSnpCollateral;

/**
 * Proves that evidence comes from a genuine TEE: quotes with full revocation and TCB checks, SEV-SNP reports with their
 * chip and TCB, and revocation where the collateral has a list. Collateral that was verified before serves for many pieces
 * of evidence: only the time is checked again.
 *
 * @example
 * const collateral = await verifyCollateral(parseCollateralFile(text), { now, root: vendorRoot });
 * const evidence = await verifyEvidence(quote, collateral, { now, root: vendorRoot });
 * const { accepted, reasons } = appraise(evidence, policy, { reportData });
 *
 * @throws AttestationError with the code of the first check that fails, `collateral-tee-mismatch` for collateral of the
 * other vendor; nothing of the evidence is returned then
 */
export function verifyEvidence(
  evidence: Uint8Array | Evidence,
  collateral: IntelCollateral,
  options: VerifyOptions,
): Promise<VerifiedIntelEvidence>;
export function verifyEvidence(
  evidence: Uint8Array | Evidence,
  collateral: AmdCollateral,
  options: VerifyOptions,
): Promise<VerifiedSnpEvidence>;
export function verifyEvidence(
  evidence: Uint8Array | Evidence,
  collateral: IntelCollateral | AmdCollateral,
  options: VerifyOptions,
): Promise<VerifiedEvidence>;
export async function verifyEvidence(
  evidence: Uint8Array | Evidence,
  collateral: IntelCollateral | AmdCollateral,
  options: VerifyOptions,
): Promise<VerifiedEvidence> {
  const parsed = parseEvidence(snapshotEvidence(evidence));
  return sealEvidence(await proveEvidence(parsed, collateral, { root: options.root, ...snapshotClock(options) }));
}

async function proveEvidence(
  evidence: Evidence,
  collateral: IntelCollateral | AmdCollateral,
  options: VerifyOptions,
): Promise<EvidenceFacts> {
  if (evidence.tee === "snp") {
    return verifySnpReport(evidence, isIntel(collateral) ? refuse("AMD", "Intel") : collateral, options);
  }
  return verifyQuote(evidence, isIntel(collateral) ? collateral : refuse("Intel", "AMD"), options);
}

function isIntel(collateral: IntelCollateral | AmdCollateral): collateral is IntelCollateral {
  return isVerifiedCollateral(collateral) || "tcbInfo" in collateral;
}

function refuse(expected: string, actual: string): never {
  const message = "collateral is of another vendor than the evidence";
  throw new AttestationError("collateral-tee-mismatch", message, {
    expected: `collateral of ${expected}`,
    actual: `collateral of ${actual}`,
  });
}

/**
 * A copy of the bytes, which nobody can change while the checks go on. Fields parsed before are left behind: they may say
 * something else than the bytes.
 */
export function snapshotEvidence(evidence: Uint8Array | Evidence): Uint8Array {
  const bytes = evidence instanceof Uint8Array ? evidence : evidence.raw;
  return new Uint8Array(bytes.subarray(0, EVIDENCE_MAX_LENGTH + 1)); // one more than any parser takes
}
