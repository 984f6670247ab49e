import { ADVISORY_ID } from "../collateral/tcb-level.ts";
import { CONVERGED_TCB_STATUSES, type ConvergedTcbStatus } from "../collateral/tcb-status.ts";
import type { JsonNode } from "../json/json-node.ts";
import { MAX_GRACE_HOURS } from "../verify/window.ts";
import { POLICY_LIST_MAX, readMembers } from "./policy-members.ts";

/** How current an Intel platform must be. */
export interface TcbPolicy {
  /** Accepted statuses; default `UpToDate` alone. `Revoked` is never accepted. */
  readonly statuses?: readonly ConvergedTcbStatus[];
  /**
   * Advisories that the workload copes with. With any status but `UpToDate`, every reported one must be among them.
   * Required to accept a status that asks for hardening of software.
   */
  readonly toleratedAdvisoryIds?: readonly string[];
  /** The oldest acceptable TCB date, such as `2026-01-01T00:00:00Z`. Required to accept an outdated status. */
  readonly minimumTcbDate?: string;
  /** Until when trust domains that should be relaunched are accepted. Required to accept such a status. */
  readonly relaunchDeadline?: string;
  /** Of the collateral: the number rises with every TCB recovery. */
  readonly minimumEvaluationDataNumber?: number;
  /** How long the collateral may be over its end, in hours, for a verifier that grants a grace. Default 0. */
  readonly maximumOverdueHours?: number;
}

/** Statuses accepted where a policy names none. */
export const DEFAULT_STATUSES: readonly ConvergedTcbStatus[] = ["UpToDate"];

/** Statuses of platforms that lack updates; accepting one needs a limit on its age. */
const OUTDATED_STATUSES: readonly ConvergedTcbStatus[] = ["OutOfDate", "OutOfDateConfigurationNeeded"];

/** Statuses of platforms on which software must protect itself; accepting one needs the advisories that it copes with. */
export const HARDENING_STATUSES: readonly ConvergedTcbStatus[] = [
  "SWHardeningNeeded",
  "ConfigurationAndSWHardeningNeeded",
];

/** Statuses of trust domains that should be relaunched; accepting one needs an end. */
export const ADVISED_STATUSES: readonly ConvergedTcbStatus[] = [
  "TDRelaunchAdvised",
  "TDRelaunchAdvisedConfigurationNeeded",
];

/** `Revoked` is missing: no policy can accept it. */
const ACCEPTABLE_STATUSES = CONVERGED_TCB_STATUSES.filter((status) => status !== "Revoked");

/** Statuses that are accepted only together with a limit on what they let through. */
const CONDITIONS = [
  { statuses: OUTDATED_STATUSES, needs: "minimumTcbDate", lest: "without a limit on its age" },
  { statuses: HARDENING_STATUSES, needs: "toleratedAdvisoryIds", lest: "without saying what the software copes with" },
  { statuses: ADVISED_STATUSES, needs: "relaunchDeadline", lest: "without an end" },
] as const;

const MAX_U32 = 0xffff_ffff;

/** @throws AttestationError `policy-invalid` */
export function readTcbPolicy(node: JsonNode): TcbPolicy {
  const policy: TcbPolicy = readMembers<TcbPolicy>(node, {
    statuses: (member) =>
      member.elements(1, CONVERGED_TCB_STATUSES.length).map((one) => one.oneOf(ACCEPTABLE_STATUSES)),
    toleratedAdvisoryIds: (member) =>
      member.elements(1, POLICY_LIST_MAX).map((id) => id.string(ADVISORY_ID, "an advisory id")),
    minimumTcbDate: (member) => member.instant().toISOString(),
    relaunchDeadline: (member) => member.instant().toISOString(),
    minimumEvaluationDataNumber: (member) => member.integer(MAX_U32),
    maximumOverdueHours: (member) => member.integer(MAX_GRACE_HOURS),
  });
  for (const { statuses, needs, lest } of CONDITIONS) {
    const status = policy.statuses?.find((accepted) => statuses.includes(accepted));
    if (status !== undefined && policy[needs] === undefined) {
      throw node.refusal(`${node.path} accepts ${status} without ${node.path}.${needs}, so ${lest}`);
    }
  }
  return policy;
}
