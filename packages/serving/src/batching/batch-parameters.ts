import { availableParallelism } from "node:os";
import { type BatchingParameters, invalidArgument } from "@sealserve/protocol";
import type { BatchRules } from "./batch-rules.ts";

const MICROS_PER_MS = 1000;
/** TensorFlow Serving's defaults (tensorflow_serving/batching/batching_options.md). */
const DEFAULT_MAX_BATCH_SIZE = 1000;
const DEFAULT_MAX_ENQUEUED_BATCHES = 10;
const DEFAULT_THREAD_POOL_NAME = "batch_threads";

/** The threads of TensorFlow Serving: how many batches of all models are run at a time. */
export interface BatchThreads {
  readonly count: number;
  readonly poolName: string;
}

/**
 * The rules of a parameters file.
 *
 * @throws ServingError `INVALID_ARGUMENT` with TensorFlow Serving's messages
 */
export function batchRulesOf(parameters: BatchingParameters): BatchRules {
  const splitLarge = parameters.enableLargeBatchSplitting ?? false;
  const maxRequestRows = positive(parameters.maxBatchSize, DEFAULT_MAX_BATCH_SIZE, "max_batch_size");
  // Without splitting the execution size has no say, as in TensorFlow Serving.
  const executionSize = splitLarge ? parameters.maxExecutionBatchSize : undefined;
  const rules = {
    maxRequestRows,
    maxBatchRows: positive(executionSize, maxRequestRows, "max_execution_batch_size"),
    timeoutMs: notNegative(parameters.batchTimeoutMicros, 0, "batch_timeout_micros") / MICROS_PER_MS,
    maxEnqueuedBatches: notNegative(
      parameters.maxEnqueuedBatches,
      DEFAULT_MAX_ENQUEUED_BATCHES,
      "max_enqueued_batches",
    ),
    allowedSizes: parameters.allowedBatchSizes.map((size) => positive(size, 0, "each of allowed_batch_sizes")),
    padVariableLength: parameters.padVariableLengthInputs,
    splitLarge,
    separateShapes: false,
  };
  checkExecutionSize(rules);
  checkAllowedSizes(rules);
  return rules;
}

/** @throws ServingError `INVALID_ARGUMENT` */
export function batchThreadsOf(parameters: BatchingParameters): BatchThreads {
  return {
    count: positive(parameters.numBatchThreads, availableParallelism(), "num_batch_threads"),
    poolName: parameters.threadPoolName ?? DEFAULT_THREAD_POOL_NAME,
  };
}

function checkExecutionSize({ maxBatchRows, maxRequestRows }: BatchRules): void {
  if (maxBatchRows > maxRequestRows) {
    throw invalidArgument(
      `max_execution_batch_size must be less than or equal to max_batch_size; was ${maxBatchRows}; ` +
        `expected at most ${maxRequestRows}`,
    );
  }
}

function checkAllowedSizes({ allowedSizes, maxBatchRows, maxRequestRows, splitLarge }: BatchRules): void {
  const last = allowedSizes.at(-1);
  if (last === undefined) {
    return;
  }
  if (!splitLarge && last !== maxRequestRows) {
    throw invalidArgument(
      `Last entry in allowed_batch_sizes must match max_batch_size; last entry was ${last}; expected ${maxRequestRows}`,
    );
  }
  if (splitLarge && allowedSizes.some((size, index) => size <= (allowedSizes[index - 1] ?? 0))) {
    throw invalidArgument("allowed_batch_sizes entries must be monotonically increasing");
  }
  if (splitLarge && last > maxRequestRows) {
    throw invalidArgument(
      "Last entry in allowed_batch_sizes must be less than or equal to max_batch_size; " +
        `last entry was ${last}; expected ${maxRequestRows}`,
    );
  }
  if (splitLarge && last !== maxBatchRows) {
    throw invalidArgument(
      "Last entry in allowed_batch_sizes must be equal to max_execution_batch_size; " +
        `last entry was ${last}; expected ${maxBatchRows}`,
    );
  }
}

function positive(value: bigint | undefined, initial: number, name: string): number {
  if (value !== undefined && value <= 0n) {
    throw invalidArgument(`${name} must be positive; was ${value}`);
  }
  return value === undefined ? initial : Number(value);
}

function notNegative(value: bigint | undefined, initial: number, name: string): number {
  if (value !== undefined && value < 0n) {
    throw invalidArgument(`${name} must be non-negative; was ${value}`);
  }
  return value === undefined ? initial : Number(value);
}
