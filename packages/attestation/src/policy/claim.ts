/** Why a policy refuses genuine evidence: the closed list. */
export type ClaimCode =
  | "tcb-status-not-accepted"
  | "advisory-not-tolerated"
  | "tcb-date-too-old"
  | "evaluation-number-too-low"
  | "debug-enclave"
  | "provision-key"
  | "einittoken-key"
  | "mrenclave-not-accepted"
  | "mrsigner-not-accepted"
  | "isv-prod-id-mismatch"
  | "isv-svn-too-low"
  | "config-id-not-accepted"
  | "report-data-mismatch";

/** One thing that was judged. */
export interface Claim {
  /** What was judged, such as `mrenclave`. */
  readonly claim: string;
  /** The code of the refusal, also where the claim passes. */
  readonly code: ClaimCode;
  readonly expected: string;
  readonly actual: string;
  readonly pass: boolean;
}

/** Sentences for people, by code. */
export const CLAIM_MESSAGES: Readonly<Record<ClaimCode, string>> = {
  "tcb-status-not-accepted": "the TCB status of the platform is not accepted",
  "advisory-not-tolerated": "the platform is subject to security advisories that the policy does not tolerate",
  "tcb-date-too-old": "the TCB of the platform is older than the policy allows",
  "evaluation-number-too-low": "the collateral is of an older TCB evaluation than the policy demands",
  "debug-enclave": "the enclave runs in debug mode, so its host can read its memory",
  "provision-key": "the enclave may derive provisioning keys",
  "einittoken-key": "the enclave may derive the launch key",
  "mrenclave-not-accepted": "MRENCLAVE is not one of the accepted values",
  "mrsigner-not-accepted": "MRSIGNER is not one of the accepted values",
  "isv-prod-id-mismatch": "ISVPRODID is not the accepted one",
  "isv-svn-too-low": "ISVSVN is below the minimum",
  "config-id-not-accepted": "CONFIGID is not one of the accepted values",
  "report-data-mismatch": "REPORTDATA is not what this exchange demands",
};

/** A claim that a value is on a list. An empty list accepts nothing. */
export function listClaim(claim: string, code: ClaimCode, accepted: readonly string[], actual: string): Claim {
  const pass = accepted.some((value) => value.toLowerCase() === actual.toLowerCase());
  return { claim, code, expected: accepted.join(" or "), actual, pass };
}
