import type { BatchObserver, BatchRun } from "./batch-observer.ts";
import type { BatchRules } from "./batch-rules.ts";
import { CostLine, type RunCost } from "./cost-line.ts";

/** Rows of a batch until costs are known, and at most. */
const FIRST_ROWS = 32;
const MAX_ROWS = 1024;
/** Runs of one size would teach nothing. */
const LEAST_ROWS = 2;
/** Part of a run that may go into its fixed cost: a larger batch gains less than that. */
const FIXED_SHARE = 0.1;
/** A shorter wait is none: timers are no finer. */
const LEAST_WAIT_MS = 0.5;
/** Weight of an older gap between requests. */
const MEMORY = 0.95;
const MAX_ENQUEUED_BATCHES = 1024;

/**
 * Rules of batches that tune themselves, for one signature. The time of a run is taken as a fixed cost and a cost for each
 * row, both learnt from the runs.
 *
 * - A batch takes so many rows that a tenth of its run is fixed cost, and no more than run in half of the latency budget.
 * - It waits for more rows only if requests come so often that one is expected within the fixed cost, which is what a
 *   shared run saves; and never longer than that or a quarter of the latency budget.
 * - Requests of other shapes are not padded but wait in queues of their own; a request of any size is taken.
 */
export class BatchTuner implements BatchRules, BatchObserver {
  readonly maxEnqueuedBatches = MAX_ENQUEUED_BATCHES;
  readonly maxRequestRows = Number.POSITIVE_INFINITY;
  readonly allowedSizes = [];
  readonly padVariableLength = false;
  readonly splitLarge = false;
  readonly separateShapes = true;
  readonly #budgetMs: number;
  readonly #costs = new CostLine();
  #maxBatchRows = FIRST_ROWS;
  #timeoutMs = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;
  /** Mean time between two requests, milliseconds. */
  #gapMs = Number.POSITIVE_INFINITY;

  /** @param budgetMs what a request's wait and run may take together */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  get maxBatchRows(): number {
    return this.#maxBatchRows;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  queued(): void {
    // What has waited says nothing of what a run costs.
  }

  ran({ requests, rows, startedAt, endedAt }: BatchRun): void {
    // A run may have waited for the one before it in the engine.
    const ms = endedAt - Math.max(startedAt, this.#lastEnd);
    const gapMs = (endedAt - this.#lastEnd) / requests;
    this.#gapMs = Number.isFinite(this.#gapMs) ? MEMORY * this.#gapMs + (1 - MEMORY) * gapMs : gapMs;
    this.#lastEnd = endedAt;
    this.#costs.add(rows, ms);
    if (this.#costs.cost !== undefined) {
      this.#adjust(this.#costs.cost);
    }
  }

  #adjust({ fixedMs, rowMs }: RunCost): void {
    const worthwhile = Math.max(LEAST_ROWS, rowsFor(fixedMs * (1 / FIXED_SHARE - 1), rowMs));
    const affordable = rowsFor(this.#budgetMs / 2 - fixedMs, rowMs);
    this.#maxBatchRows = Math.max(1, Math.min(worthwhile, affordable));
    const wait = Math.min(fixedMs, this.#budgetMs / 4);
    this.#timeoutMs = wait >= LEAST_WAIT_MS && this.#gapMs <= wait ? wait : 0;
  }
}

/** Rows that cost `ms`. */
function rowsFor(ms: number, rowMs: number): number {
  return Math.floor(Math.min(ms / Math.max(rowMs, Number.MIN_VALUE), MAX_ROWS));
}
