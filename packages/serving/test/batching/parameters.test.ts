import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { BatchingParameters, decodeMessageText } from "@sealserve/protocol";
import { batchRulesOf, batchThreadsOf } from "../../src/batching/batch-parameters.ts";

const parameters = (text: string): BatchingParameters => decodeMessageText(BatchingParameters, text);

test("what a file leaves out has TensorFlow Serving's defaults", () => {
  assert.deepEqual(batchRulesOf(parameters("")), {
    maxRequestRows: 1000,
    maxBatchRows: 1000,
    timeoutMs: 0,
    maxEnqueuedBatches: 10,
    allowedSizes: [],
    padVariableLength: false,
    splitLarge: false,
    separateShapes: false,
  });
  assert.deepEqual(batchThreadsOf(parameters("")), { count: availableParallelism(), poolName: "batch_threads" });
});

test("all that a file says counts", () => {
  const text = `max_batch_size { value: 64 } batch_timeout_micros { value: 1500 } max_enqueued_batches { value: 3 }
    num_batch_threads { value: 5 } thread_pool_name { value: "pool" } allowed_batch_sizes: [4, 16]
    pad_variable_length_inputs: true enable_large_batch_splitting { value: true } max_execution_batch_size { value: 16 }`;
  assert.deepEqual(batchRulesOf(parameters(text)), {
    maxRequestRows: 64,
    maxBatchRows: 16,
    timeoutMs: 1.5,
    maxEnqueuedBatches: 3,
    allowedSizes: [4, 16],
    padVariableLength: true,
    splitLarge: true,
    separateShapes: false,
  });
  assert.deepEqual(batchThreadsOf(parameters(text)), { count: 5, poolName: "pool" });
});

test("without splitting, the execution size has no say", () => {
  const rules = batchRulesOf(parameters("max_batch_size { value: 8 } max_execution_batch_size { value: 2 }"));
  assert.equal(rules.maxBatchRows, 8);
});

for (const [text, message] of [
  [
    "max_batch_size { value: 8 } allowed_batch_sizes: 2 allowed_batch_sizes: 4",
    "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8",
  ],
  [
    "max_batch_size { value: 8 } allowed_batch_sizes: [2, 8] enable_large_batch_splitting { value: true } " +
      "max_execution_batch_size { value: 4 }",
    "Last entry in allowed_batch_sizes must be equal to max_execution_batch_size; last entry was 8; expected 4",
  ],
  [
    "max_batch_size { value: 8 } allowed_batch_sizes: [2, 16] enable_large_batch_splitting { value: true } " +
      "max_execution_batch_size { value: 4 }",
    "Last entry in allowed_batch_sizes must be less than or equal to max_batch_size; last entry was 16; expected 8",
  ],
  [
    "max_batch_size { value: 8 } allowed_batch_sizes: [2, 2, 3] enable_large_batch_splitting { value: true } " +
      "max_execution_batch_size { value: 4 }",
    "allowed_batch_sizes entries must be monotonically increasing",
  ],
  [
    "max_batch_size { value: 8 } enable_large_batch_splitting { value: true } max_execution_batch_size { value: 9 }",
    "max_execution_batch_size must be less than or equal to max_batch_size; was 9; expected at most 8",
  ],
  ["max_batch_size { value: 0 }", "max_batch_size must be positive; was 0"],
  ["max_batch_size { value: -1 }", "max_batch_size must be positive; was -1"],
  ["batch_timeout_micros { value: -1 }", "batch_timeout_micros must be non-negative; was -1"],
  ["max_enqueued_batches { value: -1 }", "max_enqueued_batches must be non-negative; was -1"],
  ["allowed_batch_sizes: [0, 1000]", "each of allowed_batch_sizes must be positive; was 0"],
] as const) {
  test(`refused: ${message}`, () => {
    assert.throws(() => batchRulesOf(parameters(text)), { code: "INVALID_ARGUMENT", message });
  });
}

test("a number of threads that is not positive is refused", () => {
  assert.throws(() => batchThreadsOf(parameters("num_batch_threads { value: 0 }")), {
    code: "INVALID_ARGUMENT",
    message: "num_batch_threads must be positive; was 0",
  });
});
