import type { JsonValue } from "@sealserve/core";
import { SimulatorError } from "../errors.ts";
import { type IntelTee, TEE_NAMES } from "./intel-tee.ts";
import type { TdxMachine } from "./machine.ts";
import type { Members } from "./signed-document.ts";
import { encodeDate, encodeLevelState, type TcbLevel } from "./tcb-level.ts";
import { encodeTdxModule, encodeTdxModuleIdentity, type TdxModule, type TdxModuleIdentity } from "./tdx-module.ts";
import type { Window } from "./validity.ts";

/** What TCB info is made from. */
export interface TcbInfoFields extends Window {
  readonly tee: IntelTee;
  /** Version 2 is for SGX only. */
  readonly version: 2 | 3;
  readonly fmspc: string;
  readonly pceId: string;
  readonly tcbEvaluationDataNumber: number;
  /** For TDX; `undefined` leaves the member out. */
  readonly tdxModule: TdxModule | undefined;
  /** For TDX; `undefined` leaves the member out. */
  readonly tdxModuleIdentities: readonly TdxModuleIdentity[] | undefined;
  readonly tcbLevels: readonly TcbLevel[];
}

/** ISVSVN of the newest TDX module of the time before modules had a major version. */
const UNVERSIONED_MODULE_ISV_SVN = 7;

/** What Intel writes beside the SVNs of the first TDX components, for people to read. */
const TDX_COMPONENT_TYPES = ["TDX Module", "TDX Module", "TDX Late Microcode Update"];

/**
 * The members of TCB info (Intel PCS API: version 2 of API version 3, version 3 of API version 4), in the order in which
 * Intel writes them.
 * @throws SimulatorError `bad-argument` for TDX in version 2
 */
export function tcbInfoMembers(fields: TcbInfoFields): Members {
  const { tee, version } = fields;
  if (version === 2 && tee === "tdx") {
    throw new SimulatorError("bad-argument", "TCB info of version 2 is for SGX only", { expected: "version 3" });
  }
  return {
    id: version === 2 ? undefined : TEE_NAMES[tee].tcbInfoId,
    version,
    issueDate: encodeDate(fields.issueDate),
    nextUpdate: encodeDate(fields.nextUpdate),
    fmspc: fields.fmspc.toUpperCase(),
    pceId: fields.pceId.toUpperCase(),
    tcbType: 0,
    tcbEvaluationDataNumber: fields.tcbEvaluationDataNumber,
    ...(tee === "tdx" ? tdxMembers(fields) : {}),
    tcbLevels: fields.tcbLevels.map((level) => ({ tcb: encodeTcb(level, fields), ...encodeLevelState(level) })),
  };
}

function tdxMembers({ tdxModule, tdxModuleIdentities }: TcbInfoFields): Members {
  return {
    tdxModule: tdxModule === undefined ? undefined : encodeTdxModule(tdxModule),
    tdxModuleIdentities: tdxModuleIdentities?.map(encodeTdxModuleIdentity),
  };
}

function encodeTcb(level: TcbLevel, { tee, version }: TcbInfoFields): JsonValue {
  if (version === 2) {
    return { ...namedComponents(level.componentSvns), pcesvn: level.pceSvn };
  }
  const sgx = { sgxtcbcomponents: level.componentSvns.map((svn) => ({ svn })), pcesvn: level.pceSvn };
  return tee === "sgx" ? sgx : { ...sgx, tdxtcbcomponents: (level.tdxComponentSvns ?? []).map(tdxComponent) };
}

/** Version 2: `sgxtcbcomp01svn` and so on. */
function namedComponents(svns: readonly number[]): { [name: string]: JsonValue } {
  return Object.fromEntries(svns.map((svn, index) => [`sgxtcbcomp${String(index + 1).padStart(2, "0")}svn`, svn]));
}

function tdxComponent(svn: number, index: number): JsonValue {
  const type = TDX_COMPONENT_TYPES[index];
  return type === undefined ? { svn } : { svn, category: "OS/VMM", type };
}

/** State of the level that a simulated machine reaches. */
export interface CurrentLevel {
  readonly status: string;
  readonly date: Date | undefined;
  readonly advisoryIds: readonly string[] | undefined;
}

/** The level that exactly describes `machine`, and an older one below it. */
export function levelsFor(machine: TdxMachine, current: CurrentLevel): TcbLevel[] {
  const { status, date, advisoryIds } = current;
  const tdxComponentSvns = tdxComponentsFor(machine);
  return [
    {
      componentSvns: machine.componentSvns,
      pceSvn: machine.pceSvn,
      tdxComponentSvns,
      status,
      ...(date === undefined ? {} : { date }),
      ...(advisoryIds === undefined ? {} : { advisoryIds }),
    },
    {
      componentSvns: machine.componentSvns.map(oneLess),
      pceSvn: oneLess(machine.pceSvn),
      tdxComponentSvns: tdxComponentSvns.map(oneLess),
      status: "OutOfDate",
      date: new Date("2024-01-01T00:00:00Z"),
      advisoryIds: ["SIMULATED-SA-00001"],
    },
  ];
}

/**
 * TDX components of the level that describes `machine`. The first two speak of modules without a major version only, as
 * in Intel's documents: whoever compares them with a module that has one gets a wrong answer.
 */
export function tdxComponentsFor({ teeTcbSvn: [isvSvn = 0, version = 0, ...rest] }: TdxMachine): number[] {
  return [version === 0 ? isvSvn : UNVERSIONED_MODULE_ISV_SVN, 0, ...rest];
}

function oneLess(svn: number): number {
  return Math.max(0, svn - 1);
}
