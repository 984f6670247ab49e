import type { LoadedModel } from "@sealserve/models";
import { ModelStatistics, type StatisticDuration, type Tensor } from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";
import type { Servable } from "../core/servables.ts";

/** Counts of one loaded version. */
interface Counters {
  success: StatisticDuration;
  fail: StatisticDuration;
  /** Of calls that succeeded: how long they waited for others to be run with. */
  queue: StatisticDuration;
  rows: bigint;
  lastInferenceMs: bigint;
}

const NANOS_PER_MS = 1e6;
const NONE: StatisticDuration = { count: 0n, ns: 0n };

/**
 * Counts the infer calls of each loaded version. The counts go away with the version; nothing that a caller sends becomes
 * a name in them.
 */
export class InferenceStatistics {
  readonly #counters = new WeakMap<LoadedModel, Counters>();

  /** Runs `work` and counts it as one call of the model. @param work tells how long each of its parts was in a queue */
  async count<T>(
    model: LoadedModel,
    inputs: ReadonlyMap<string, Tensor>,
    work: (onQueued: (waitedMs: number) => void) => Awaitable<T>,
  ): Promise<T> {
    const counters = this.#of(model);
    const start = process.hrtime.bigint();
    let waitedMs = 0;
    try {
      const result = await work((ms) => {
        waitedMs = Math.max(waitedMs, ms);
      });
      counters.success = add(counters.success, nanosSince(start));
      counters.queue = add(counters.queue, BigInt(Math.round(waitedMs * NANOS_PER_MS)));
      counters.rows += BigInt(batchSize(inputs));
      counters.lastInferenceMs = BigInt(Date.now());
      return result;
    } catch (error) {
      counters.fail = add(counters.fail, nanosSince(start));
      throw error;
    }
  }

  /**
   * The counts of a version in Triton's form. The queue is that of batches: time in the engine's is part of the time of
   * computing. Reading and writing messages is not counted.
   */
  report({ name, version, model }: Servable): ModelStatistics {
    const { success, fail, queue, rows, lastInferenceMs } = this.#of(model);
    return ModelStatistics.create({
      name,
      version: `${version}`,
      lastInference: lastInferenceMs,
      inferenceCount: rows,
      executionCount: success.count,
      inferenceStats: {
        success,
        fail,
        queue,
        computeInput: NONE,
        computeInfer: { count: success.count, ns: success.ns - queue.ns },
        computeOutput: NONE,
      },
    });
  }

  #of(model: LoadedModel): Counters {
    const known = this.#counters.get(model) ?? {
      success: NONE,
      fail: NONE,
      queue: NONE,
      rows: 0n,
      lastInferenceMs: 0n,
    };
    this.#counters.set(model, known);
    return known;
  }
}

function add({ count, ns }: StatisticDuration, added: bigint): StatisticDuration {
  return { count: count + 1n, ns: ns + added };
}

function nanosSince(start: bigint): bigint {
  return process.hrtime.bigint() - start;
}

/** The first dimension of the first input: the rows of a batch. */
function batchSize(inputs: ReadonlyMap<string, Tensor>): number {
  const [first] = inputs.values();
  return first?.shape[0] ?? 1;
}
