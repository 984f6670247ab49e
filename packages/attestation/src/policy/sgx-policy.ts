import type { JsonNode } from "../json/json-node.ts";
import { readHexList, readMeasurements, readMembers } from "./policy-members.ts";

/** Which enclaves are the right software. Every member that is given must hold. */
export interface SgxPolicy {
  /** Accepted MRENCLAVE values: 64 hex digits each. */
  readonly mrEnclave?: readonly string[];
  /** Accepted MRSIGNER values: 64 hex digits each. */
  readonly mrSigner?: readonly string[];
  readonly isvProdId?: number;
  readonly minimumIsvSvn?: number;
  /** Accepted CONFIGID values: 128 hex digits each. */
  readonly configId?: readonly string[];
  /** Default `refuse`: an enclave with this right can identify the platform. */
  readonly provisionKey?: "refuse" | "allow";
  /** Default `refuse`: an enclave with this right can decide which others are launched. */
  readonly einitTokenKey?: "refuse" | "allow";
}

const MAX_U16 = 0xffff;

/** @throws AttestationError `policy-invalid` */
export function readSgxPolicy(node: JsonNode): SgxPolicy {
  return readMembers<SgxPolicy>(node, {
    mrEnclave: (member) => readMeasurements(member, 32),
    mrSigner: (member) => readMeasurements(member, 32),
    isvProdId: (member) => member.integer(MAX_U16),
    minimumIsvSvn: (member) => member.integer(MAX_U16),
    configId: (member) => readHexList(member, 64),
    provisionKey: (member) => member.oneOf(["refuse", "allow"]),
    einitTokenKey: (member) => member.oneOf(["refuse", "allow"]),
  });
}

/** Whether the policy says which enclaves are accepted, well or badly. */
export function pinsEnclaves({ mrEnclave, mrSigner }: SgxPolicy): boolean {
  return mrEnclave !== undefined || mrSigner !== undefined;
}

/**
 * Refuses a policy under which any enclave, or every enclave that a signer ever made, would be accepted.
 * @throws AttestationError `policy-unpinned`
 */
export function expectPinnedEnclaves(node: JsonNode, policy: SgxPolicy): void {
  if (policy.mrEnclave !== undefined) {
    return;
  }
  if (policy.mrSigner === undefined) {
    const expected = "sgx.mrEnclave, or sgx.mrSigner with sgx.isvProdId and sgx.minimumIsvSvn";
    throw node.refusal("no software is pinned", expected, "neither", "policy-unpinned");
  }
  const missing = (["isvProdId", "minimumIsvSvn"] as const).find((name) => policy[name] === undefined);
  if (missing !== undefined) {
    const fault = `sgx.mrSigner without sgx.${missing} accepts every enclave of that signer`;
    throw node.refusal(fault, `sgx.${missing}`, "nothing", "policy-unpinned");
  }
}
