/** Allows a burst of calls and then a steady rate. */
export class TokenBucket {
  readonly #burst: number;
  readonly #refillMs: number;
  #tokens: number;
  #filledAt: number;

  /**
   * @param burst calls allowed at once
   * @param refillMs time until one more is allowed, milliseconds
   * @param now milliseconds of a clock that only goes forward
   */
  constructor(burst: number, refillMs: number, now: number) {
    this.#burst = burst;
    this.#refillMs = refillMs;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes one call's permission, if there is one. */
  take(now: number): boolean {
    const refilled = Math.floor((now - this.#filledAt) / this.#refillMs);
    if (refilled > 0) {
      this.#tokens = Math.min(this.#burst, this.#tokens + refilled);
      this.#filledAt += refilled * this.#refillMs;
    }
    if (this.#tokens === 0) {
      return false;
    }
    this.#tokens--;
    return true;
  }
}
