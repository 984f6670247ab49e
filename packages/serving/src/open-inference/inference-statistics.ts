import type { LoadedModel } from "@sealserve/models";
import { ModelStatistics, type StatisticDuration, type Tensor } from "@sealserve/protocol";
import type { Servable } from "../core/servables.ts";

/** Counts of one loaded version. */
interface Counters {
  success: StatisticDuration;
  fail: StatisticDuration;
  rows: bigint;
  lastInferenceMs: bigint;
}

const NONE: StatisticDuration = { count: 0n, ns: 0n };

/**
 * Counts the infer calls of each loaded version. The counts go away with the version; nothing that a caller sends becomes
 * a name in them.
 */
export class InferenceStatistics {
  readonly #counters = new WeakMap<LoadedModel, Counters>();

  /** Runs `work` and counts it as one call of the model. */
  async count<T>(model: LoadedModel, inputs: ReadonlyMap<string, Tensor>, work: () => Promise<T>): Promise<T> {
    const counters = this.#of(model);
    const start = process.hrtime.bigint();
    try {
      const result = await work();
      counters.success = add(counters.success, start);
      counters.rows += BigInt(batchSize(inputs));
      counters.lastInferenceMs = BigInt(Date.now());
      return result;
    } catch (error) {
      counters.fail = add(counters.fail, start);
      throw error;
    }
  }

  /**
   * The counts of a version in Triton's form. Time in queues is part of the time of computing; reading and writing messages
   * is not counted.
   */
  report({ name, version, model }: Servable): ModelStatistics {
    const { success, fail, rows, lastInferenceMs } = this.#of(model);
    return ModelStatistics.create({
      name,
      version: `${version}`,
      lastInference: lastInferenceMs,
      inferenceCount: rows,
      executionCount: success.count,
      inferenceStats: {
        success,
        fail,
        queue: NONE,
        computeInput: NONE,
        computeInfer: success,
        computeOutput: NONE,
      },
    });
  }

  #of(model: LoadedModel): Counters {
    const known = this.#counters.get(model) ?? { success: NONE, fail: NONE, rows: 0n, lastInferenceMs: 0n };
    this.#counters.set(model, known);
    return known;
  }
}

function add({ count, ns }: StatisticDuration, start: bigint): StatisticDuration {
  return { count: count + 1n, ns: ns + process.hrtime.bigint() - start };
}

/** The first dimension of the first input: the rows of a batch. */
function batchSize(inputs: ReadonlyMap<string, Tensor>): number {
  const [first] = inputs.values();
  return first?.shape[0] ?? 1;
}
