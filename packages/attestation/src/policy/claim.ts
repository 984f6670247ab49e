/** Why a policy refuses genuine evidence: the closed list. */
export type ClaimCode =
  | "tee-not-accepted"
  | "collateral-overdue"
  | "tcb-status-not-accepted"
  | "advisory-not-tolerated"
  | "tcb-date-too-old"
  | "evaluation-number-too-low"
  | "relaunch-overdue"
  | "machine-not-listed"
  | "machine-denied"
  | "smt-enabled"
  | "debug-enclave"
  | "provision-key"
  | "einittoken-key"
  | "mrenclave-not-accepted"
  | "mrsigner-not-accepted"
  | "isv-prod-id-mismatch"
  | "isv-svn-too-low"
  | "config-id-not-accepted"
  | "debug-td"
  | "sept-ve-disable-clear"
  | "td-migratable"
  | "td-attributes-unknown"
  | "xfam-not-accepted"
  | "mrservicetd-not-accepted"
  | "mrseam-not-accepted"
  | "mrtd-not-accepted"
  | "rtmr-not-accepted"
  | "mrconfigid-not-accepted"
  | "mrowner-not-accepted"
  | "mrownerconfig-not-accepted"
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
  "tee-not-accepted": "the policy pins no software for this kind of TEE",
  "collateral-overdue": "the collateral is over its end by more than the policy allows",
  "tcb-status-not-accepted": "the TCB status of the platform is not accepted",
  "advisory-not-tolerated": "the platform is subject to security advisories that the policy does not tolerate",
  "tcb-date-too-old": "the TCB of the platform is older than the policy allows",
  "evaluation-number-too-low": "the collateral is of an older TCB evaluation than the policy demands",
  "relaunch-overdue": "the trust domain runs on after an update of its TDX module, beyond the policy's deadline",
  "machine-not-listed": "the machine is not one of the accepted ones",
  "machine-denied": "the machine is denied",
  "smt-enabled": "hardware threads may share a core, or nobody knows whether they do",
  "debug-enclave": "the enclave runs in debug mode, so its host can read its memory",
  "provision-key": "the enclave may derive provisioning keys",
  "einittoken-key": "the enclave may derive the launch key",
  "mrenclave-not-accepted": "MRENCLAVE is not one of the accepted values",
  "mrsigner-not-accepted": "MRSIGNER is not one of the accepted values",
  "isv-prod-id-mismatch": "ISVPRODID is not the accepted one",
  "isv-svn-too-low": "ISVSVN is below the minimum",
  "config-id-not-accepted": "CONFIGID is not one of the accepted values",
  "debug-td": "the trust domain can be debugged or is untrusted for another reason, so its host can read its memory",
  "sept-ve-disable-clear": "the host can make the trust domain take exceptions at places of its choice",
  "td-migratable": "the trust domain can be moved to another machine",
  "td-attributes-unknown": "the trust domain has attributes that the policy does not know",
  "xfam-not-accepted": "the trust domain uses processor features that the policy does not know",
  "mrservicetd-not-accepted": "a service trust domain is bound that the policy does not accept",
  "mrseam-not-accepted": "the TDX module is not one of the accepted ones",
  "mrtd-not-accepted": "MRTD is not one of the accepted values",
  "rtmr-not-accepted": "a run-time measurement register has not the accepted value",
  "mrconfigid-not-accepted": "MRCONFIGID has not the accepted value",
  "mrowner-not-accepted": "MROWNER has not the accepted value",
  "mrownerconfig-not-accepted": "MROWNERCONFIG has not the accepted value",
  "report-data-mismatch": "REPORTDATA is not what this exchange demands",
};

/** A claim that a value is on a list. An empty list accepts nothing. */
export function listClaim(claim: string, code: ClaimCode, accepted: readonly string[], actual: string): Claim {
  const pass = accepted.some((value) => value.toLowerCase() === actual.toLowerCase());
  return { claim, code, expected: accepted.join(" or "), actual, pass };
}

/** A claim that something is clear, unless the policy allows it. */
export function clearClaim(claim: string, code: ClaimCode, set: boolean, allowed: boolean): Claim {
  return {
    claim,
    code,
    expected: allowed ? "clear or set" : "clear",
    actual: set ? "set" : "clear",
    pass: allowed || !set,
  };
}
