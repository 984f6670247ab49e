import type { JsonValue } from "@sealserve/core";
import type { SimulatedMachine } from "./machine.ts";
import type { Members } from "./signed-document.ts";
import { encodeDate, encodeLevelState, type TcbLevel } from "./tcb-level.ts";
import type { Window } from "./validity.ts";

/** What TCB info is made from. */
export interface TcbInfoFields extends Window {
  readonly fmspc: string;
  readonly pceId: string;
  readonly tcbEvaluationDataNumber: number;
  readonly tcbLevels: readonly TcbLevel[];
}

/** The members of TCB info for SGX, version 3 (Intel PCS API version 4), in the order in which Intel writes them. */
export function tcbInfoMembers(fields: TcbInfoFields): Members {
  return {
    id: "SGX",
    version: 3,
    issueDate: encodeDate(fields.issueDate),
    nextUpdate: encodeDate(fields.nextUpdate),
    fmspc: fields.fmspc.toUpperCase(),
    pceId: fields.pceId.toUpperCase(),
    tcbType: 0,
    tcbEvaluationDataNumber: fields.tcbEvaluationDataNumber,
    tcbLevels: fields.tcbLevels.map(encodeLevel),
  };
}

function encodeLevel(level: TcbLevel): JsonValue {
  return {
    tcb: { sgxtcbcomponents: level.componentSvns.map((svn) => ({ svn })), pcesvn: level.pceSvn },
    ...encodeLevelState(level),
  };
}

/** State of the level that a simulated machine reaches. */
export interface CurrentLevel {
  readonly status: string;
  readonly date: Date | undefined;
  readonly advisoryIds: readonly string[] | undefined;
}

/** The level that exactly describes `machine`, and an older one below it. */
export function levelsFor(machine: SimulatedMachine, current: CurrentLevel): TcbLevel[] {
  const { status, date, advisoryIds } = current;
  return [
    {
      componentSvns: machine.componentSvns,
      pceSvn: machine.pceSvn,
      status,
      ...(date === undefined ? {} : { date }),
      ...(advisoryIds === undefined ? {} : { advisoryIds }),
    },
    {
      componentSvns: machine.componentSvns.map((svn) => Math.max(0, svn - 1)),
      pceSvn: Math.max(0, machine.pceSvn - 1),
      status: "OutOfDate",
      date: new Date("2024-01-01T00:00:00Z"),
      advisoryIds: ["SIMULATED-SA-00001"],
    },
  ];
}
