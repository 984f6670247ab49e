import type { Register } from "./policy-members.ts";

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
  | "debug-guest"
  | "guest-migratable"
  | "vmpl-not-accepted"
  | "abi-too-low"
  | "product-not-accepted"
  | "chip-key-masked"
  | "revocation-unchecked"
  | "vlek-provider-not-accepted"
  | "snp-tcb-too-low"
  | "firmware-provisional"
  | "firmware-too-old"
  | "platform-info-missing"
  | "mitigation-missing"
  | "measurement-not-accepted"
  | "host-data-not-accepted"
  | "id-key-not-accepted"
  | "author-key-not-accepted"
  | "family-id-not-accepted"
  | "image-id-not-accepted"
  | "guest-svn-too-low"
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
  "debug-guest": "the host can read and change the memory of the guest",
  "guest-migratable": "a migration agent may move the guest to another machine",
  "vmpl-not-accepted": "the report was asked for at a privilege level that is not accepted, or by the host",
  "abi-too-low": "the guest runs under firmware with an older interface than the policy demands",
  "product-not-accepted": "processors of this generation are not accepted",
  "chip-key-masked": "the platform is set up not to sign with the key of its chip",
  "revocation-unchecked": "nobody has looked whether the CA of the endorsement key is revoked",
  "vlek-provider-not-accepted": "the endorsement key belongs to a cloud provider that is not accepted",
  "snp-tcb-too-low": "a component of the platform is below the minimum",
  "firmware-provisional": "firmware runs that the host has not committed to and can take back",
  "firmware-too-old": "the committed firmware is older than the policy allows",
  "platform-info-missing": "the platform lacks a feature that the policy demands",
  "mitigation-missing": "the firmware lacks a mitigation that the policy demands, or does not say",
  "measurement-not-accepted": "MEASUREMENT is not one of the accepted values",
  "host-data-not-accepted": "HOST_DATA has not the accepted value",
  "id-key-not-accepted": "the identity block is signed by a key that is not accepted",
  "author-key-not-accepted": "the identity key is signed by a key that is not accepted",
  "family-id-not-accepted": "FAMILY_ID has not the accepted value",
  "image-id-not-accepted": "IMAGE_ID has not the accepted value",
  "guest-svn-too-low": "GUEST_SVN is below the minimum",
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

/** A claim that a register has its value, or was left open for a reason. */
export function registerClaim(claim: string, code: ClaimCode, register: Register, actual: string): Claim {
  return typeof register === "string"
    ? listClaim(claim, code, [register], actual)
    : { claim, code, expected: `anything (waived: ${register.waived})`, actual, pass: true };
}
