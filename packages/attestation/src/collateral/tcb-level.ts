import type { JsonNode } from "../json/json-node.ts";

/** What levels of a platform and of a quoting enclave have in common. */
export interface TcbLevelFacts<Status extends string> {
  readonly status: Status;
  /** When the vendor published what this level stands for. */
  readonly tcbDate: Date;
  readonly advisoryIds: readonly string[];
}

/** Limit on the levels of one document; real ones have about twenty. */
export const TCB_LEVELS_MAX = 256;

/** Form of advisory ids, such as `INTEL-SA-00615`. */
export const ADVISORY_ID = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Status, date and advisories of one level.
 * @throws AttestationError `tcb-status-unknown`, or the code of `level`
 */
export function parseTcbLevelFacts<Status extends string>(
  level: JsonNode,
  statuses: readonly Status[],
): TcbLevelFacts<Status> {
  const advisoryIds = level.optional("advisoryIDs")?.elements(0, TCB_LEVELS_MAX) ?? [];
  return {
    status: level.member("tcbStatus").oneOf(statuses, "tcb-status-unknown"),
    tcbDate: level.member("tcbDate").instant(),
    advisoryIds: advisoryIds.map((id) => id.string(ADVISORY_ID, "an advisory id")),
  };
}
