import { ServingError } from "@sealserve/protocol";
import type { QueueRules } from "./batch-rules.ts";
import type { BatchTask } from "./batch-task.ts";

interface WaitingBatch {
  readonly tasks: BatchTask[];
  rows: number;
  /** When its first task came. */
  readonly openedAt: number;
}

/** Tasks that may share a run, in the order in which they came. The last batch is open for more. */
export class BatchQueue {
  readonly #rules: QueueRules;
  readonly #batches: WaitingBatch[] = [];

  constructor(rules: QueueRules) {
    this.#rules = rules;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Rows that fit into the open batch. */
  get room(): number {
    return Math.max(0, this.#rules.maxBatchRows - (this.#batches.at(-1)?.rows ?? 0));
  }

  /** Rows that may come before a batch too many waits. */
  get capacity(): number {
    const { maxBatchRows, maxEnqueuedBatches } = this.#rules;
    return this.room + Math.max(0, maxEnqueuedBatches - Math.max(1, this.#batches.length)) * maxBatchRows;
  }

  /**
   * Puts a task into the open batch, or into a new one when it does not fit. It leaves when its signal fires.
   *
   * @throws ServingError `UNAVAILABLE` when too many batches wait
   */
  add(task: BatchTask): void {
    const last = this.#batches.at(-1);
    let batch = last;
    if (batch === undefined || batch.rows + task.rows > this.#rules.maxBatchRows) {
      if (last !== undefined && this.#batches.length >= this.#rules.maxEnqueuedBatches) {
        const enqueued = `currently ${this.#batches.length} batches enqueued`;
        throw full(`${enqueued} and max_enqueued_batches is ${this.#rules.maxEnqueuedBatches}`);
      }
      batch = { tasks: [], rows: 0, openedAt: task.queuedAt };
      this.#batches.push(batch);
    }
    batch.tasks.push(task);
    batch.rows += task.rows;
    const home = batch;
    task.wait(() => this.#remove(task, home));
  }

  /** The error for a task that is to be cut and whose parts do not all find a place, as TensorFlow Serving counts. */
  fullForParts(rows: number): ServingError {
    const { maxBatchRows, maxEnqueuedBatches } = this.#rules;
    return full(
      `task size is ${rows} but scheduling capacity is only ${this.capacity} ` +
        `(num_enqueued_batches=${Math.max(1, this.#batches.length)}, max_enqueued_batches=${maxEnqueuedBatches}, ` +
        `open_batch_size=${this.#batches.at(-1)?.rows ?? 0}, max_execution_batch_size=${maxBatchRows})`,
    );
  }

  /** When the oldest batch may run: now if it is full, else when it has waited long enough; infinity while there is none. */
  dueAt(): number {
    const [first, second] = this.#batches;
    if (first === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    const isFull = second !== undefined || first.rows >= this.#rules.maxBatchRows;
    return isFull ? first.openedAt : first.openedAt + this.#rules.timeoutMs;
  }

  /** Takes the tasks of the oldest batch, which wait no more. */
  take(): readonly BatchTask[] {
    const tasks = this.#batches.shift()?.tasks ?? [];
    for (const task of tasks) {
      task.start();
    }
    return tasks;
  }

  /** Refuses all tasks that wait. */
  clear(error: unknown): void {
    while (!this.isEmpty) {
      for (const task of this.take()) {
        task.reject(error);
      }
    }
  }

  #remove(task: BatchTask, batch: WaitingBatch): void {
    batch.tasks.splice(batch.tasks.indexOf(task), 1);
    batch.rows -= task.rows;
    if (batch.tasks.length === 0) {
      this.#batches.splice(this.#batches.indexOf(batch), 1);
    }
    task.reject(leftQueue(task.signal?.reason));
  }
}

function full(counts: string): ServingError {
  return new ServingError(
    "UNAVAILABLE",
    `The batch scheduling queue to which this task was submitted is full; ${counts}`,
  );
}

/** Why a task left: TensorFlow Serving has words of its own for a deadline that passes in the queue. */
function leftQueue(reason: unknown): unknown {
  return reason instanceof ServingError && reason.code === "DEADLINE_EXCEEDED"
    ? new ServingError("RESOURCE_EXHAUSTED", "Run() timeout exceeded while waiting in batching queue", {
        cause: reason,
      })
    : reason;
}
