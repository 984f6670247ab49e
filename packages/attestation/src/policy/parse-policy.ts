import { JsonNode } from "../json/json-node.ts";
import { readMachineList } from "./machine-policy.ts";
import { type AppraisalPolicy, type PolicyMembers, sealPolicy } from "./policy.ts";
import { readMembers } from "./policy-members.ts";
import { expectPinnedEnclaves, pinsEnclaves, readSgxPolicy } from "./sgx-policy.ts";
import { expectPinnedGuests, readSnpPolicy } from "./snp-policy.ts";
import { readTcbPolicy } from "./tcb-policy.ts";
import { expectPinnedImages, readTdxPolicy } from "./tdx-policy.ts";

/** Options of {@link parsePolicy}. */
export interface PolicyOptions {
  /** Whether the policy must pin software; `false` is for looking at evidence only. Default `true`. */
  readonly requireIdentity?: boolean;
}

/**
 * Reads a policy from plain data (parsed JSON or YAML). Unknown members, empty lists, placeholders of zero bytes and
 * values out of range are refused; hex is normalised to lower case.
 * @throws AttestationError `policy-invalid`; `policy-unpinned` when nothing says which software is accepted, when a kind of
 * TEE is named without it, when MRSIGNER stands without ISVPRODID and a minimum ISVSVN, which would accept all that its
 * holder ever signed, or when a trust domain or guest is pinned in part only
 */
export function parsePolicy(value: unknown, options: PolicyOptions = {}): AppraisalPolicy {
  const document = new JsonNode(value, "policy-invalid", "attestation policy");
  const policy: PolicyMembers = readMembers<PolicyMembers>(document, {
    sgx: readSgxPolicy,
    tdx: readTdxPolicy,
    snp: readSnpPolicy,
    tcb: readTcbPolicy,
    machines: readMachineList,
    deniedMachines: readMachineList,
    smt: (member) => member.oneOf(["allow", "refuse"]),
    debug: (member) => member.oneOf(["refuse", "allow-insecure"]),
  });
  expectPinned(document, policy, options.requireIdentity !== false);
  return sealPolicy(policy);
}

/** Every kind of TEE that is named must be pinned, and one must be. A badly pinned signer is never right. */
function expectPinned(document: JsonNode, { sgx, tdx, snp }: PolicyMembers, required: boolean): void {
  if (sgx !== undefined && (required || pinsEnclaves(sgx))) {
    expectPinnedEnclaves(document, sgx);
  }
  if (tdx !== undefined && required) {
    expectPinnedImages(document, tdx);
  }
  if (snp !== undefined && required) {
    expectPinnedGuests(document, snp);
  }
  if (required && sgx === undefined && tdx === undefined && snp === undefined) {
    const expected = "sgx.mrEnclave, sgx.mrSigner with sgx.isvProdId and sgx.minimumIsvSvn, tdx.images, or snp.images";
    throw document.refusal("no software is pinned", expected, "none of them", "policy-unpinned");
  }
}
