/** How {@link RecordAllowance} bounds records. */
export interface RecordAllowanceOptions {
  /** Records in one interval. */
  readonly maximum: number;
  readonly intervalMs: number;
}

/**
 * Bounds the records of attempts that anybody can make, so that the audit log, which waits for the disk, cannot be filled
 * by them. By a clock that is never set back.
 */
export class RecordAllowance {
  readonly #options: RecordAllowanceOptions;
  #taken = 0;
  #since = performance.now();

  constructor(options: RecordAllowanceOptions) {
    this.#options = options;
  }

  /** Whether one more may be written now. */
  take(): boolean {
    const { maximum, intervalMs } = this.#options;
    const now = performance.now();
    if (now - this.#since >= intervalMs) {
      this.#since = now;
      this.#taken = 0;
    }
    if (this.#taken >= maximum) {
      return false;
    }
    this.#taken += 1;
    return true;
  }
}
