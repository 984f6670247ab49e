import type { LeaseClock } from "../../src/lease/clock.ts";

interface Waiter {
  readonly at: number;
  readonly resolve: () => void;
}

/** A clock on which time passes when a test says so. */
export class PassingClock implements LeaseClock {
  #now = 1000;
  readonly #waiters = new Set<Waiter>();

  now(): number {
    return this.#now;
  }

  /** Waits that are under way, milliseconds from now. */
  get waits(): readonly number[] {
    return [...this.#waiters].map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { at: this.#now + ms, resolve };
    this.#waiters.add(waiter);
    const giveUp = (): void => {
      this.#waiters.delete(waiter);
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    await promise.finally(() => signal.removeEventListener("abort", giveUp));
  }

  /** Has been busy: time is over, and nothing that fell due was done yet. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass, with all that falls due on the way in its order, and what follows from it. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      this.#now = next.at;
      this.#waiters.delete(next);
      next.resolve();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #due(end: number): Waiter | undefined {
    return [...this.#waiters].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets everything run that waits for nothing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
