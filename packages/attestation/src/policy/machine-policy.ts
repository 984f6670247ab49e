import type { JsonNode } from "../json/json-node.ts";
import { readMeasurements, readMembers } from "./policy-members.ts";

/**
 * Machines by the identifiers that the vendor certified. A list of one's own machines is what is left against whoever took
 * the keys out of some other one.
 */
export interface MachineList {
  /** Intel: platform provisioning ids, 32 hex digits each. */
  readonly ppid?: readonly string[];
  /** Intel, Platform CA: platform instance ids, 32 hex digits each. They change when the machine is registered anew. */
  readonly platformInstanceId?: readonly string[];
  /** AMD: CHIP_ID values, 128 hex digits each. */
  readonly chipId?: readonly string[];
}

/** @throws AttestationError `policy-invalid` */
export function readMachineList(node: JsonNode): MachineList {
  const list = readMembers<MachineList>(node, {
    ppid: (member) => readMeasurements(member, 16),
    platformInstanceId: (member) => readMeasurements(member, 16),
    chipId: (member) => readMeasurements(member, 64),
  });
  if (Object.keys(list).length === 0) {
    throw node.refusal(`${node.path} lists no machine`, "ppid, platformInstanceId or chipId", "nothing");
  }
  return list;
}
