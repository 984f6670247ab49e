import { unlessAborted } from "./abort.ts";

/** Lets tasks run one after another. A task that gives up waiting does not hold up those behind it. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs `task` when all before it have ended. @throws the signal's reason when it fires first */
  async take<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#last;
    const ended = Promise.withResolvers<void>();
    this.#last = ended.promise;
    try {
      await unlessAborted(before, signal);
      return await task();
    } finally {
      void before.then(ended.resolve);
    }
  }
}
