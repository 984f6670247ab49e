import { encodeHex, equalBytes } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { isVerifiedEvidence, type VerifiedEvidence } from "../verify/verified-evidence.ts";
import { CLAIM_MESSAGES, type Claim, type ClaimCode } from "./claim.ts";
import { commonClaims } from "./common-claims.ts";
import { machineClaims } from "./machine-claims.ts";
import { type AppraisalPolicy, isAppraisalPolicy } from "./policy.ts";
import { sgxClaims } from "./sgx-claims.ts";
import { snpClaims } from "./snp-claims.ts";
import { tcbClaims } from "./tcb-claims.ts";
import { tdxClaims } from "./tdx-claims.ts";

/** What the exchange in which evidence came demands of it. */
export interface ExpectedBinding {
  /**
   * The 64 bytes that REPORTDATA must equal. `"unchecked"` is for looking at evidence only: it then says nothing about who
   * sent it, or when.
   */
  readonly reportData: Uint8Array | "unchecked";
}

/** Why evidence was refused. */
export interface RefusalReason {
  readonly code: ClaimCode;
  readonly message: string;
  readonly expected: string;
  readonly actual: string;
}

/** The decision about evidence: accepted, or refused claim by claim. */
export interface Appraisal {
  readonly accepted: boolean;
  /** Everything that was judged. */
  readonly claims: readonly Claim[];
  /** The claims that failed. */
  readonly reasons: readonly RefusalReason[];
  /** The evidence rests on a root that is not the vendor's; it protects nothing, accepted or not. */
  readonly simulated: boolean;
}

const REPORT_DATA_LENGTH = 64;

/**
 * Judges genuine evidence by a policy and by what the exchange demands. All claims are judged, so that the owner sees
 * every reason at once.
 * What is judged is the evidence as it was at `verifiedAt`: appraise at once, and verify again later.
 * @throws AttestationError `evidence-not-verified` for anything that `verifyEvidence` did not make, `policy-not-parsed` for
 * a policy that `parsePolicy` did not,
 * `expected-report-data-invalid` for an expectation that is not 64 bytes
 */
export function appraise(evidence: VerifiedEvidence, policy: AppraisalPolicy, expected: ExpectedBinding): Appraisal {
  if (!isVerifiedEvidence(evidence)) {
    throw new AttestationError("evidence-not-verified", "only evidence made by verifyEvidence can be appraised");
  }
  if (!isAppraisalPolicy(policy)) {
    throw new AttestationError("policy-not-parsed", "only a policy made by parsePolicy can appraise");
  }
  const claims = [
    ...commonClaims(evidence, policy),
    ...ownClaims(evidence, policy),
    ...machineClaims(evidence, policy),
    ...reportDataClaims(evidence.report.reportData, expected.reportData),
  ];
  const reasons = claims.filter(({ pass }) => !pass).map(refusalReason);
  return { accepted: reasons.length === 0, claims, reasons, simulated: evidence.simulated };
}

/** What is judged for each kind of TEE alone. */
function ownClaims(evidence: VerifiedEvidence, policy: AppraisalPolicy): Claim[] {
  if (evidence.tee === "snp") {
    return snpClaims(evidence, policy);
  }
  const own = evidence.tee === "sgx" ? sgxClaims(evidence, policy) : tdxClaims(evidence, policy);
  return [...tcbClaims(evidence, policy.tcb ?? {}), ...own];
}

function reportDataClaims(actual: Uint8Array, expected: Uint8Array | "unchecked"): Claim[] {
  if (expected === "unchecked") {
    return [];
  }
  if (!(expected instanceof Uint8Array) || expected.length !== REPORT_DATA_LENGTH) {
    throw new AttestationError("expected-report-data-invalid", "expected REPORTDATA has the wrong length", {
      expected: `${REPORT_DATA_LENGTH} bytes`,
    });
  }
  return [
    {
      claim: "report-data",
      code: "report-data-mismatch",
      expected: encodeHex(expected),
      actual: encodeHex(actual),
      pass: equalBytes(actual, expected),
    },
  ];
}

function refusalReason({ code, expected, actual }: Claim): RefusalReason {
  return { code, message: CLAIM_MESSAGES[code], expected, actual };
}
