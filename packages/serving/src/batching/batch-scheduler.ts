import { type BatchClock, systemClock } from "./batch-clock.ts";
import type { BatchQueue } from "./batch-queue.ts";
import type { BatchTask } from "./batch-task.ts";

/** Runs a batch and settles its tasks; never rejects. */
export type RunBatch = (tasks: readonly BatchTask[]) => Promise<void>;

/** Runs the batches of many queues, a number at a time; the queues are served in turn. */
export class BatchScheduler {
  readonly clock: BatchClock;
  readonly #limit: number;
  /** In the order of their turns. */
  readonly #queues = new Map<BatchQueue, RunBatch>();
  #running = 0;
  #isWoken = false;
  #cancelTimer: (() => void) | undefined;

  /** @param limit batches that run at one time: TensorFlow Serving's `num_batch_threads` */
  constructor(limit: number, clock: BatchClock = systemClock) {
    this.#limit = limit;
    this.clock = clock;
  }

  /** Serves a queue to which a task has been added, until it is empty. */
  serve(queue: BatchQueue, run: RunBatch): void {
    this.#queues.set(queue, run);
    if (!this.#isWoken) {
      this.#isWoken = true;
      this.clock.soon(() => {
        this.#isWoken = false;
        this.#runDue();
      });
    }
  }

  #runDue(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const now = this.clock.now();
    while (this.#running < this.#limit) {
      const next = this.#nextDue(now);
      if (next === undefined) {
        this.#waitForNext();
        return;
      }
      this.#start(...next);
    }
  }

  /** The first queue with a batch to run; its next turn comes after those of the others. */
  #nextDue(now: number): [BatchQueue, RunBatch] | undefined {
    for (const [queue, run] of this.#queues) {
      if (queue.isEmpty) {
        this.#queues.delete(queue);
      } else if (queue.dueAt() <= now) {
        this.#queues.delete(queue);
        this.#queues.set(queue, run);
        return [queue, run];
      }
    }
    return undefined;
  }

  #start(queue: BatchQueue, run: RunBatch): void {
    this.#running++;
    void run(queue.take()).then(() => {
      this.#running--;
      this.#runDue();
    });
  }

  #waitForNext(): void {
    const times = Array.from(this.#queues.keys(), (queue) => queue.dueAt());
    const due = Math.min(...times, Number.POSITIVE_INFINITY);
    if (due < Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.clock.at(due, () => this.#runDue());
    }
  }
}
