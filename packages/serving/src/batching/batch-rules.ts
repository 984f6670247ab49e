/** What a queue goes by; read anew for each decision, since some rules tune themselves. */
export interface QueueRules {
  /** Most rows of a batch. A larger task is a batch of its own. */
  readonly maxBatchRows: number;
  /** Longest wait for more rows after the first task of a batch, milliseconds. */
  readonly timeoutMs: number;
  /** Batches that may wait, the one being filled included. */
  readonly maxEnqueuedBatches: number;
}

/** How batches are made for a run. */
export interface PaddingRules {
  /** Sizes that batches are padded to; none when they run as they are. */
  readonly allowedSizes: readonly number[];
  /** Whether inputs whose other dimensions differ are padded to the largest of the batch. */
  readonly padVariableLength: boolean;
}

/** How the requests for a signature are put together, in rows: elements of the first dimension of every input. */
export interface BatchRules extends QueueRules, PaddingRules {
  /** Most rows of a request. */
  readonly maxRequestRows: number;
  /** Whether a request that does not fit into the open batch is cut into several. */
  readonly splitLarge: boolean;
  /** Whether requests whose other dimensions differ wait in queues of their own. */
  readonly separateShapes: boolean;
}
