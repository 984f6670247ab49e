import type { DigestAlgorithm } from "./digest-algorithm.ts";

/** Limit on the events of a log. Real ones have up to a few hundred; each costs a hash or two. */
export const EVENT_LOG_MAX_EVENTS = 1024;

/** The greatest register index: RTMR3. */
export const MAX_REGISTER_INDEX = 4;

/** Informative: stands in a log without having been measured (TCG PC Client Platform Firmware Profile, EV_NO_ACTION). */
export const EV_NO_ACTION = 3;

/** A measurement as a log tells it. Nothing in it is proven: that is the work of `verifyEventLog`. */
export interface LogEvent {
  /** 0 is MRTD, which no log extends; n is RTMR n-1. */
  readonly registerIndex: number;
  readonly type: number;
  readonly digests: ReadonlyMap<DigestAlgorithm, Uint8Array>;
  /** What the digest was made of, or a description of it, depending on the type. */
  readonly data: Uint8Array;
  /** The name under which a workload measured `data`; logs of firmware have none. */
  readonly name: string | undefined;
  /** Where it stands in its log: a byte in a log of firmware, a place in the list of a runtime log. */
  readonly offset: number;
}

/** Events in the order in which they were measured. */
export interface MeasurementLog {
  readonly events: readonly LogEvent[];
}
