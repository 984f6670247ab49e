import type { Collateral } from "../collateral/collateral.ts";
import { AttestationError } from "../errors.ts";
import { type Evidence, parseEvidence } from "../quote/evidence.ts";
import { INTEL_TEES } from "../tee/intel-tee.ts";
import { selectPckChain } from "./pck-identity.ts";
import { matchQeIdentity } from "./qe-identity-match.ts";
import { verifyQeBinding, verifyQeReportSignature } from "./qe-report.ts";
import { verifyQuoteSignature } from "./quote-signature.ts";
import { evaluateTcb } from "./tcb-evaluation.ts";
import {
  collateralFacts,
  isVerifiedCollateral,
  provePckChain,
  type VerifiedCollateral,
} from "./verified-collateral.ts";
import { sealEvidence, type VerifiedEvidence } from "./verified-evidence.ts";
import { verifyCollateral } from "./verify-collateral.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { earliestEnd, expectCurrent } from "./window.ts";

/**
 * Proves that evidence comes from a genuine TEE (Intel SGX DCAP quote verification), with full revocation and TCB checks.
 * With {@link VerifiedCollateral} and a platform seen before, what remains are two signature checks and the time.
 *
 * @example
 * const collateral = await verifyCollateral(parseCollateralFile(text), { now, root: intelSgxRoot });
 * const evidence = await verifyEvidence(quote, collateral, { now, root: intelSgxRoot });
 * const { accepted, reasons } = appraise(evidence, policy, { reportData });
 *
 * @throws AttestationError with the code of the first check that fails; nothing of the evidence is returned then
 */
export async function verifyEvidence(
  evidence: Uint8Array | Evidence,
  collateral: Collateral | VerifiedCollateral,
  options: VerifyOptions,
): Promise<VerifiedEvidence> {
  const quote = parseEvidence(snapshotEvidence(evidence));
  const now = new Date(options.now);
  const endorsements = await currentCollateral(collateral, { now, root: options.root });
  expectSameTee(quote, endorsements);
  const { tcbInfo, qeIdentity, windows, suppliedPckChain } = collateralFacts(endorsements);

  const pck = await provePckChain(endorsements, selectPckChain(quote, suppliedPckChain));
  expectCurrent(pck.windows, now);
  await verifyQeReportSignature(quote.qe, pck);
  await verifyQeBinding(quote.qe, quote.attestationKey);
  matchQeIdentity(quote.qe.report, qeIdentity);
  await verifyQuoteSignature(quote);
  const svns = { pck: pck.identity, qeIsvSvn: quote.qe.report.isvSvn };
  const tcb = evaluateTcb(svns, tcbInfo, qeIdentity);

  return sealEvidence({
    tee: quote.tee,
    simulated: endorsements.simulated,
    ...tcb,
    tcbEvaluationDataNumber: endorsements.tcbEvaluationDataNumber,
    earliestExpiry: earliestEnd([...windows, ...pck.windows]),
    collateralDigest: endorsements.digest,
    report: quote.report,
    pck: pck.identity,
    qe: quote.qe.report,
    verifiedAt: now,
  });
}

/**
 * A copy of the bytes, which nobody can change while the checks go on. Fields parsed before are left behind: they may say
 * something else than the bytes.
 */
export function snapshotEvidence(evidence: Uint8Array | Evidence): Uint8Array {
  return new Uint8Array(evidence instanceof Uint8Array ? evidence : evidence.raw);
}

/** Collateral that holds at `now` under `root`, verified now or before. */
async function currentCollateral(
  collateral: Collateral | VerifiedCollateral,
  options: VerifyOptions,
): Promise<VerifiedCollateral> {
  if (!isVerifiedCollateral(collateral)) {
    return verifyCollateral(collateral, options);
  }
  const actual = collateral.root.publicKeySha256.toLowerCase();
  const expected = options.root.publicKeySha256.toLowerCase();
  if (actual !== expected) {
    const message = "collateral was verified under a root other than the trusted one";
    throw new AttestationError("root-untrusted", message, { expected, actual });
  }
  expectCurrent(collateralFacts(collateral).windows, options.now);
  return collateral;
}

function expectSameTee(quote: Evidence, collateral: VerifiedCollateral): void {
  const expected = INTEL_TEES[quote.tee].name;
  const actual = INTEL_TEES[collateral.tee].name;
  if (actual !== expected) {
    const message = "collateral is for another kind of TEE than the quote";
    throw new AttestationError("tcb-info-tee-mismatch", message, { expected, actual });
  }
}
