import type { JsonValue } from "@sealserve/core";

/** A level of TCB info: what a machine must reach, and what the vendor thinks of a machine that does. */
export interface TcbLevel {
  /** Sixteen SVNs; another number of them makes TCB info that must be refused. */
  readonly componentSvns: readonly number[];
  readonly pceSvn: number;
  /** Sixteen TDX component SVNs, for TCB info of TDX; by default those that fit the machine. */
  readonly tdxComponentSvns?: readonly number[];
  /** A TCB status of Intel's list; any other text makes TCB info that must be refused. */
  readonly status: string;
  readonly date?: Date;
  readonly advisoryIds?: readonly string[];
}

/** A level of a quoting enclave or a TDX module: its least ISVSVN, and what the vendor thinks of it. */
export interface IsvSvnLevel {
  readonly isvSvn: number;
  readonly status: string;
  readonly date?: Date;
  readonly advisoryIds?: readonly string[];
}

const SIMULATED_RECOVERY = new Date("2025-01-01T00:00:00Z");

/** The members that levels of both documents have behind their `tcb`. */
export function encodeLevelState(level: TcbLevel | IsvSvnLevel): { [name: string]: string | string[] } {
  const advisoryIds = level.advisoryIds ?? [];
  return {
    tcbDate: encodeDate(level.date ?? SIMULATED_RECOVERY),
    tcbStatus: level.status,
    ...(advisoryIds.length > 0 ? { advisoryIDs: [...advisoryIds] } : {}),
  };
}

/** A level of a QE identity or TDX module identity. */
export function encodeIsvSvnLevel(level: IsvSvnLevel): JsonValue {
  return { tcb: { isvsvn: level.isvSvn }, ...encodeLevelState(level) };
}

/** A time as Intel's documents write it: UTC, whole seconds. */
export function encodeDate(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}
