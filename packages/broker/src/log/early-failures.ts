/** Addresses told apart in one notice; a flood from more costs no more memory. */
const MAX_ADDRESSES = 1000;

/** How {@link EarlyFailures} tells what it counted. */
export interface EarlyFailureOptions {
  /** Least time between two notices. */
  readonly intervalMs: number;
  readonly notice: (message: string) => void;
}

/**
 * Counts attempts that get no record each, since they cost a caller next to nothing:
 * the first is told at once, those that follow together after the interval.
 */
export class EarlyFailures {
  readonly #options: EarlyFailureOptions;
  readonly #counts = new Map<string, number>();
  readonly #addresses = new Set<string>();
  #pause: NodeJS.Timeout | undefined;

  constructor(options: EarlyFailureOptions) {
    this.#options = options;
  }

  /** @param code one of a fixed set, never of the caller's making @param address without the port */
  count(code: string, address: string): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    if (this.#addresses.size < MAX_ADDRESSES) {
      this.#addresses.add(address);
    }
    if (this.#pause === undefined) {
      this.#tellAndPause();
    }
  }

  /** Tells what was counted since the last notice. */
  flush(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#tell();
  }

  #tellAndPause(): void {
    this.#pause = this.#tell() ? setTimeout(() => this.#tellAndPause(), this.#options.intervalMs).unref() : undefined;
  }

  /** Whether there was anything to tell. */
  #tell(): boolean {
    if (this.#counts.size === 0) {
      return false;
    }
    const counts = [...this.#counts].map(([code, count]) => `${code} ${count}`).join(", ");
    const { size } = this.#addresses;
    const addresses = size < MAX_ADDRESSES ? `${size}` : `${size} or more`;
    this.#counts.clear();
    this.#addresses.clear();
    this.#options.notice(`attempts without a record of their own: ${counts}; addresses: ${addresses}`);
    return true;
  }
}
