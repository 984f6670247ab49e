import { setTimeout as sleep } from "node:timers/promises";

/** The time by which leases are kept. */
export interface LeaseClock {
  /** Milliseconds. Only goes forward, whatever becomes of the time of day. */
  now(): number;
  /** Rejects when the signal fires first. */
  wait(ms: number, signal: AbortSignal): Promise<unknown>;
}

/** The clock of the system that nobody sets. */
export const monotonicClock: LeaseClock = {
  now: () => performance.now(),
  wait: (ms, signal) => sleep(ms, undefined, { signal }),
};
