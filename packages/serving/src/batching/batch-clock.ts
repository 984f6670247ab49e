/** The time as batching sees it, so that tests can move it. */
export interface BatchClock {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Calls once what has come in together has been read. */
  soon(callback: () => void): void;
  /** Calls at `time` or a little later; returns what cancels that. */
  at(time: number, callback: () => void): () => void;
}

/** Longest delay that `setTimeout` takes, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers are no finer than a millisecond. */
export const systemClock: BatchClock = {
  now: () => performance.now(),
  soon: (callback) => void setImmediate(callback),
  at: (time, callback) => {
    const delay = Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(time - performance.now())));
    // Those who wait keep the process alive by their connections, and they may have left by then.
    const timer = setTimeout(callback, delay).unref();
    return () => clearTimeout(timer);
  },
};
