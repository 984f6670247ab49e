/** A run of a batch, for metrics and tuning. */
export interface BatchRun {
  readonly requests: number;
  /** Rows that were asked for. */
  readonly rows: number;
  /** Rows that ran: `rows` and those added to come to an allowed size. */
  readonly size: number;
  /** When the run began and ended, milliseconds of the scheduler's clock. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Is told what happens to the batches of one model. */
export interface BatchObserver {
  /** A request, or a part of a large one, has waited. */
  queued(waitedMs: number, rows: number): void;
  ran(run: BatchRun): void;
}
