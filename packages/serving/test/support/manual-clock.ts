import { setImmediate as turn } from "node:timers/promises";
import type { BatchClock } from "../../src/batching/batch-clock.ts";

/** A clock that a test moves. */
export interface ManualClock extends BatchClock {
  /** Lets time pass and everything that is due happen. */
  advance(ms: number): Promise<void>;
}

export function manualClock(): ManualClock {
  let time = 0;
  const soon: (() => void)[] = [];
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const settle = async (): Promise<void> => {
    do {
      for (const callback of soon.splice(0)) {
        callback();
      }
      await turn();
    } while (soon.length > 0);
  };
  return {
    now: () => time,
    soon: (callback) => void soon.push(callback),
    at: (at, callback) => {
      const timer = { at, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => {
      await settle();
      time += ms;
      for (const timer of timers) {
        if (timer.at <= time && timers.delete(timer)) {
          timer.callback();
        }
      }
      await settle();
    },
  };
}
