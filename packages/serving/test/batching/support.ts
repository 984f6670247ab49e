import type { RunOptions } from "@sealserve/models";
import type { Tensor } from "@sealserve/protocol";
import type { BatchObserver, BatchRun } from "../../src/batching/batch-observer.ts";
import type { BatchRules } from "../../src/batching/batch-rules.ts";
import { BatchScheduler } from "../../src/batching/batch-scheduler.ts";
import { BatchedModel } from "../../src/batching/batched-model.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";
import { type RowModel, rowModel } from "../support/row-model.ts";

/** Rules of a server that does not wait, with changes. */
export function rules(changes: Partial<BatchRules> = {}): BatchRules {
  return {
    maxRequestRows: 8,
    maxBatchRows: 8,
    timeoutMs: 0,
    maxEnqueuedBatches: 10,
    allowedSizes: [],
    padVariableLength: false,
    splitLarge: false,
    separateShapes: false,
    ...changes,
  };
}

/** What an observer has been told. */
export interface Observed extends BatchObserver {
  readonly waits: number[];
  readonly batches: BatchRun[];
}

export function observed(): Observed {
  const waits: number[] = [];
  const batches: BatchRun[] = [];
  return { waits, batches, queued: (ms) => waits.push(ms), ran: (run) => batches.push(run) };
}

/** A batched model on a clock that the test moves. */
export interface Bench {
  readonly model: RowModel;
  readonly batched: BatchedModel;
  readonly clock: ManualClock;
  readonly observer: Observed;
  /** Asks for `y` of the signature `halve`. */
  readonly ask: (x: Tensor, options?: RunOptions & { readonly outputs?: readonly string[] }) => Promise<Tensor>;
  /** Rows of `x` in each run so far. */
  readonly sizes: () => number[];
}

export function bench(
  changes: Partial<BatchRules> = {},
  { threads = 2, shape = [-1] as readonly number[] } = {},
): Bench {
  const model = rowModel(shape);
  const clock = manualClock();
  const observer = observed();
  const scheduler = new BatchScheduler(threads, clock);
  const batched = new BatchedModel(model, { scheduler, of: () => ({ rules: rules(changes), observer }) });
  return {
    model,
    batched,
    clock,
    observer,
    ask: async (x, { outputs = ["y"], ...options } = {}) => {
      const result = await batched.run("halve", new Map([["x", x]]), outputs, options);
      return result.get(outputs[0] ?? "") as Tensor;
    },
    sizes: () => model.runs.map((inputs) => inputs.get("x")?.shape[0] ?? 0),
  };
}

/** A vector, or rows of `shape`. */
export function floats(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** The values of input `x`. */
export function valuesOf(inputs: ReadonlyMap<string, Tensor>): Float32Array {
  return (inputs.get("x") as Tensor).data as Float32Array;
}

/** What the model makes of values. */
export const halved = (values: readonly number[]): Float32Array => Float32Array.from(values, (value) => value / 2 + 2);
