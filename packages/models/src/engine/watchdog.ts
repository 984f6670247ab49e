/** Tells when work goes on without any progress for too long. */
export class Watchdog {
  readonly #limitMs: number;
  readonly #onStuck: () => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  /** When the work began or last made progress. */
  #since = 0;

  /**
   * @param onStuck called once, after `limitMs` milliseconds without progress
   * @param now milliseconds of a clock that is never set
   */
  constructor(limitMs: number, onStuck: () => void, now: () => number = () => performance.now()) {
    this.#limitMs = limitMs;
    this.#onStuck = onStuck;
    this.#now = now;
  }

  /** There is work. What is being watched already goes on. */
  watch(): void {
    if (this.#timer === undefined) {
      this.progress();
      this.#wait(this.#limitMs);
    }
  }

  /** A part of the work is done. */
  progress(): void {
    this.#since = this.#now();
  }

  /** There is nothing to do. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** One timer for all parts of the work: it looks again when the newest progress would be too old. */
  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      const left = this.#since + this.#limitMs - this.#now();
      if (left > 0) {
        this.#wait(left);
      } else {
        this.#timer = undefined;
        this.#onStuck();
      }
    }, milliseconds).unref();
  }
}
