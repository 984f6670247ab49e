/** Pauses between attempts: each up to twice as long as the one before, and none of foreseeable length. */
export class Pauses {
  readonly #maximumMs: number;
  readonly #random: () => number;
  #nextMs: number;

  /** @param random from 0 up to 1, so that nodes that failed together do not come back together */
  constructor(firstMs: number, maximumMs: number, random: () => number) {
    this.#nextMs = Math.min(firstMs, maximumMs);
    this.#maximumMs = maximumMs;
    this.#random = random;
  }

  /** Milliseconds: from a half to all of the current step. */
  next(): number {
    const step = this.#nextMs;
    this.#nextMs = Math.min(2 * step, this.#maximumMs);
    return step * (0.5 + 0.5 * this.#random());
  }
}
