import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field, wrapped } from "../protobuf/single-field.ts";

/**
 * `tensorflow.serving.BatchingParameters` of tensorflow_serving/servables/tensorflow/session_bundle_config.proto: what
 * `--batching_parameters_file` holds in text form.
 */
export const BatchingParameters = message("tensorflow.serving.BatchingParameters", {
  /** Most rows of a request and of a batch. */
  maxBatchSize: wrapped(1, "int64"),
  /** Longest wait for more rows after the first one, microseconds. */
  batchTimeoutMicros: wrapped(2, "int64"),
  /** Batches that may wait in one queue. */
  maxEnqueuedBatches: wrapped(3, "int64"),
  /** Batches that run at a time. */
  numBatchThreads: wrapped(4, "int64"),
  threadPoolName: wrapped(5, "string"),
  /** Sizes that batches are padded to, increasing. */
  allowedBatchSizes: repeated(6, "int64"),
  /** Whether inputs whose other dimensions differ are padded to the largest of the batch. */
  padVariableLengthInputs: field(7, "bool"),
  /** Whether a request of more rows than a batch may run with is cut into several. */
  enableLargeBatchSplitting: wrapped(8, "bool"),
  /** Most rows that run at once. */
  maxExecutionBatchSize: wrapped(9, "int64"),
});
/** A value of the message {@link BatchingParameters}. */
export type BatchingParameters = MessageOf<typeof BatchingParameters>;
