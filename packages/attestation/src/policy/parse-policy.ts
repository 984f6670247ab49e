import { encodeHex, isZero } from "@sealserve/core";
import { ADVISORY_ID } from "../collateral/tcb-level.ts";
import { TCB_STATUSES } from "../collateral/tcb-status.ts";
import { JsonNode } from "../json/json-node.ts";
import {
  type AppraisalPolicy,
  HARDENING_STATUSES,
  OUTDATED_STATUSES,
  type SgxPolicy,
  type TcbPolicy,
} from "./policy.ts";

/** Options of {@link parsePolicy}. */
export interface PolicyOptions {
  /** Whether the policy must pin software; `false` is for looking at evidence only. Default `true`. */
  readonly requireIdentity?: boolean;
}

const LIST_MAX = 1000;
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;

/** `Revoked` is missing: no policy can accept it. */
const ACCEPTABLE_STATUSES = TCB_STATUSES.filter((status) => status !== "Revoked");

/** Statuses that are accepted only together with a limit on what they let through. */
const CONDITIONS = [
  { statuses: OUTDATED_STATUSES, needs: "minimumTcbDate", lest: "without a limit on its age" },
  { statuses: HARDENING_STATUSES, needs: "toleratedAdvisoryIds", lest: "without saying what the software copes with" },
] as const;

/**
 * Reads a policy from plain data (parsed JSON or YAML). Unknown members, empty lists, placeholders of zero bytes and
 * values out of range are refused; hex is normalised to lower case.
 * @throws AttestationError `policy-invalid`; `policy-unpinned` when nothing says which software is accepted, or when
 * MRSIGNER stands without ISVPRODID and a minimum ISVSVN, which would accept all that its holder ever signed
 */
export function parsePolicy(value: unknown, options: PolicyOptions = {}): AppraisalPolicy {
  const document = new JsonNode(value, "policy-invalid", "attestation policy");
  document.expectOnly(["sgx", "tcb", "debug"]);
  const sgx = document.optional("sgx");
  const tcb = document.optional("tcb");
  const debug = document.optional("debug")?.oneOf(["refuse", "allow-insecure"]);
  const policy = {
    ...(sgx === undefined ? {} : { sgx: parseSgxPolicy(sgx) }),
    ...(tcb === undefined ? {} : { tcb: parseTcbPolicy(tcb) }),
    ...(debug === undefined ? {} : { debug }),
  };
  if (options.requireIdentity !== false || policy.sgx?.mrSigner !== undefined) {
    expectPinned(document, policy.sgx ?? {});
  }
  return policy;
}

function parseSgxPolicy(node: JsonNode): SgxPolicy {
  const readers = {
    mrEnclave: (member: JsonNode) => parseMeasurements(member, 32),
    mrSigner: (member: JsonNode) => parseMeasurements(member, 32),
    isvProdId: (member: JsonNode) => member.integer(MAX_U16),
    minimumIsvSvn: (member: JsonNode) => member.integer(MAX_U16),
    configId: (member: JsonNode) => parseHexList(member, 64),
    provisionKey: (member: JsonNode) => member.oneOf(["refuse", "allow"]),
    einitTokenKey: (member: JsonNode) => member.oneOf(["refuse", "allow"]),
  };
  return readMembers(node, readers);
}

function parseTcbPolicy(node: JsonNode): TcbPolicy {
  const policy: TcbPolicy = readMembers(node, {
    statuses: (member: JsonNode) =>
      member.elements(1, TCB_STATUSES.length).map((one) => one.oneOf(ACCEPTABLE_STATUSES)),
    toleratedAdvisoryIds: (member: JsonNode) =>
      member.elements(1, LIST_MAX).map((id) => id.string(ADVISORY_ID, "an advisory id")),
    minimumTcbDate: (member: JsonNode) => member.instant().toISOString(),
    minimumEvaluationDataNumber: (member: JsonNode) => member.integer(MAX_U32),
  });
  for (const { statuses, needs, lest } of CONDITIONS) {
    const status = policy.statuses?.find((accepted) => statuses.includes(accepted));
    if (status !== undefined && policy[needs] === undefined) {
      throw node.refusal(`${node.path} accepts ${status} without ${node.path}.${needs}, so ${lest}`);
    }
  }
  return policy;
}

/** The members that are there, each by its reader; others are refused. */
function readMembers<Members extends object>(
  node: JsonNode,
  readers: { readonly [Name in keyof Members]: (member: JsonNode) => Members[Name] },
): Partial<Members> {
  const names = Object.keys(readers) as (keyof Members & string)[];
  node.expectOnly(names);
  const members: Partial<Members> = {};
  for (const name of names) {
    const member = node.optional(name);
    if (member !== undefined) {
      members[name] = readers[name](member);
    }
  }
  return members;
}

/** Measurements are digests: one of zero bytes is a placeholder that somebody forgot. */
function parseMeasurements(list: JsonNode, length: number): string[] {
  return list.elements(1, LIST_MAX).map((element) => {
    const measurement = element.hex(length);
    if (isZero(measurement)) {
      throw element.refusal(`${element.path} is a placeholder`, "a measurement", "zero bytes");
    }
    return encodeHex(measurement);
  });
}

function parseHexList(list: JsonNode, length: number): string[] {
  return list.elements(1, LIST_MAX).map((element) => encodeHex(element.hex(length)));
}

function expectPinned(document: JsonNode, sgx: SgxPolicy): void {
  if (sgx.mrEnclave !== undefined) {
    return;
  }
  if (sgx.mrSigner === undefined) {
    const expected = "sgx.mrEnclave, or sgx.mrSigner with sgx.isvProdId and sgx.minimumIsvSvn";
    throw document.refusal("no software is pinned", expected, "neither", "policy-unpinned");
  }
  const missing = (["isvProdId", "minimumIsvSvn"] as const).find((name) => sgx[name] === undefined);
  if (missing !== undefined) {
    const fault = `sgx.mrSigner without sgx.${missing} accepts every enclave of that signer`;
    throw document.refusal(fault, `sgx.${missing}`, "nothing", "policy-unpinned");
  }
}
