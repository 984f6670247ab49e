import type { Collateral } from "../../collateral/collateral.ts";
import { AttestationError } from "../../errors.ts";
import type { IntelQuote } from "../../quote/intel-quote.ts";
import { INTEL_TEES } from "../../tee/intel-tee.ts";
import type { SgxFacts, TdxFacts } from "../verified-evidence.ts";
import type { VerifyOptions } from "../verify-options.ts";
import { earliestEnd, expectCurrent, overdueMs } from "../window.ts";
import { proveAttestationKey } from "./attestation-key.ts";
import { selectPckChain } from "./pck-identity.ts";
import { matchQeIdentity } from "./qe-identity-match.ts";
import { verifyQuoteSignature } from "./quote-signature.ts";
import { evaluateTcb } from "./tcb-evaluation.ts";
import {
  collateralFacts,
  isVerifiedCollateral,
  provePckChain,
  type VerifiedCollateral,
} from "./verified-collateral.ts";
import { verifyCollateral } from "./verify-collateral.ts";

/**
 * Proves a quote of an SGX enclave or a trust domain (Intel SGX and TDX DCAP quote verification), with full revocation and
 * TCB checks. With {@link VerifiedCollateral} and a platform seen before, what remains are one signature check, two after
 * the platform's attestation key has changed, and the time.
 * @throws AttestationError with the code of the first check that fails
 */
export async function verifyQuote(
  quote: IntelQuote,
  collateral: Collateral | VerifiedCollateral,
  options: VerifyOptions,
): Promise<SgxFacts | TdxFacts> {
  const endorsements = await currentCollateral(collateral, options);
  expectSameTee(quote, endorsements);
  const { tcbInfo, qeIdentity, windows, suppliedPckChain } = collateralFacts(endorsements);

  const pck = await provePckChain(endorsements, selectPckChain(quote, suppliedPckChain));
  expectCurrent(pck.windows, options);
  const attestationKey = await proveAttestationKey(quote, pck, (report) => matchQeIdentity(report, qeIdentity));
  await verifyQuoteSignature(quote, attestationKey);
  const td = quote.tee === "tdx" ? quote.report : undefined;
  const tcb = evaluateTcb({ pck: pck.identity, qeIsvSvn: quote.qe.report.isvSvn, td }, tcbInfo, qeIdentity);

  const allWindows = [...windows, ...pck.windows];
  const facts = {
    simulated: endorsements.simulated,
    verifiedAt: options.now,
    earliestExpiry: earliestEnd(allWindows),
    overdueMs: overdueMs(allWindows, options.now),
    collateralDigest: endorsements.digest,
    ...tcb,
    pck: pck.identity,
    qe: quote.qe.report,
    evaluationNumbers: endorsements.evaluationNumbers,
    tcbEvaluationDataNumber: endorsements.tcbEvaluationDataNumber,
  };
  return quote.tee === "sgx"
    ? { tee: quote.tee, report: quote.report, ...facts }
    : { tee: quote.tee, report: quote.report, ...facts };
}

/** Collateral that holds at the time of `options` under their root, verified now or before. */
async function currentCollateral(
  collateral: Collateral | VerifiedCollateral,
  options: VerifyOptions,
): Promise<VerifiedCollateral> {
  if (!isVerifiedCollateral(collateral)) {
    return verifyCollateral(collateral, options);
  }
  const actual = collateral.rootKey;
  const expected = options.root.intelSgx.toLowerCase();
  if (actual !== expected) {
    const message = "collateral was verified under a root other than the trusted one";
    throw new AttestationError("root-untrusted", message, { expected, actual });
  }
  expectCurrent(collateralFacts(collateral).windows, options);
  return collateral;
}

function expectSameTee(quote: IntelQuote, collateral: VerifiedCollateral): void {
  const expected = INTEL_TEES[quote.tee].name;
  const actual = INTEL_TEES[collateral.tee].name;
  if (actual !== expected) {
    const message = "collateral is for another kind of TEE than the quote";
    throw new AttestationError("tcb-info-tee-mismatch", message, { expected, actual });
  }
}
