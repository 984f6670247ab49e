/** Weight that an older observation keeps with each new one: about the last fifty count. */
const MEMORY = 0.98;
/** Relative spread of sizes below which no slope is seen. */
const LEAST_SPREAD = 0.05;

/** What a run costs by its rows: `fixedMs + rows * rowMs`. */
export interface RunCost {
  readonly fixedMs: number;
  readonly rowMs: number;
}

/** Fits a line through the observed times of runs, by least squares that forget. */
export class CostLine {
  #weight = 0;
  #rows = 0;
  #ms = 0;
  #rowsSquared = 0;
  #product = 0;
  #cost: RunCost | undefined;

  /** The line; undefined until runs of different sizes have been seen. */
  get cost(): RunCost | undefined {
    return this.#cost;
  }

  add(rows: number, ms: number): void {
    this.#weight = MEMORY * this.#weight + 1;
    this.#rows = MEMORY * this.#rows + rows;
    this.#ms = MEMORY * this.#ms + ms;
    this.#rowsSquared = MEMORY * this.#rowsSquared + rows * rows;
    this.#product = MEMORY * this.#product + rows * ms;
    this.#fit();
  }

  #fit(): void {
    const meanRows = this.#rows / this.#weight;
    const meanMs = this.#ms / this.#weight;
    const variance = this.#rowsSquared / this.#weight - meanRows * meanRows;
    if (variance < (LEAST_SPREAD * meanRows) ** 2) {
      return;
    }
    const slope = (this.#product / this.#weight - meanRows * meanMs) / variance;
    // Neither part of a cost is negative; a line that says so is noise, and goes through the mean.
    const rowMs = Math.min(Math.max(slope, 0), meanMs / meanRows);
    this.#cost = { fixedMs: meanMs - rowMs * meanRows, rowMs };
  }
}
