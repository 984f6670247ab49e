import type { Collateral } from "../collateral/collateral.ts";
import { type Evidence, parseEvidence } from "../evidence.ts";
import type { VerifiedCollateral } from "./intel/verified-collateral.ts";
import { verifyQuote } from "./intel/verify-quote.ts";
import { sealEvidence, type VerifiedEvidence } from "./verified-evidence.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { snapshotClock } from "./window.ts";

/**
 * Proves that evidence comes from a genuine TEE, with full revocation and TCB checks. Collateral that was verified before
 * serves for many pieces of evidence: only the time is checked again.
 *
 * @example
 * const collateral = await verifyCollateral(parseCollateralFile(text), { now, root: vendorRoot });
 * const evidence = await verifyEvidence(quote, collateral, { now, root: vendorRoot });
 * const { accepted, reasons } = appraise(evidence, policy, { reportData });
 *
 * @throws AttestationError with the code of the first check that fails; nothing of the evidence is returned then
 */
export async function verifyEvidence(
  evidence: Uint8Array | Evidence,
  collateral: Collateral | VerifiedCollateral,
  options: VerifyOptions,
): Promise<VerifiedEvidence> {
  const parsed = parseEvidence(snapshotEvidence(evidence));
  const given = { root: options.root, ...snapshotClock(options) };
  return sealEvidence(await verifyQuote(parsed, collateral, given));
}

/**
 * A copy of the bytes, which nobody can change while the checks go on. Fields parsed before are left behind: they may say
 * something else than the bytes.
 */
export function snapshotEvidence(evidence: Uint8Array | Evidence): Uint8Array {
  return new Uint8Array(evidence instanceof Uint8Array ? evidence : evidence.raw);
}
