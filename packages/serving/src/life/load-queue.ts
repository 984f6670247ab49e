/** Runs at most a number of loads at a time, in the order in which they were asked for. */
export class LoadQueue {
  #limit: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Changes how many may run at a time; those that run go on. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.#startNext();
  }

  /** Runs `task` in its turn. @throws the signal's reason when it fires before that */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      return await task();
    } finally {
      this.#running--;
      this.#startNext();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      this.#waiting.delete(resolve);
      reject(signal.reason as Error);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", giveUp, { once: true });
    this.#startNext();
    await promise.finally(() => signal.removeEventListener("abort", giveUp));
  }

  #startNext(): void {
    for (const start of this.#waiting) {
      if (this.#running >= this.#limit) {
        return;
      }
      this.#waiting.delete(start);
      this.#running++;
      start();
    }
  }
}
