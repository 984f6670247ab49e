/** Lets tasks run one after another. A task that gives up waiting does not hold up those behind it. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs `task` when all before it have ended. @throws the signal's reason when it fires first */
  async take<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#last;
    const ended = Promise.withResolvers<void>();
    this.#last = ended.promise;
    try {
      await untilAborted(before, signal);
      return await task();
    } finally {
      void before.then(ended.resolve);
    }
  }
}

function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    if (signal?.aborted) {
      abort();
    }
    signal?.addEventListener("abort", abort, { once: true });
    void work.then(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
  });
}
