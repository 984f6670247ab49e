import type { DataType, Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../saved-model/node-operation.ts";

/** Tells when a run is over: for kernels whose work can grow faster than their inputs. */
export interface Clock {
  /** @throws ServingError `RESOURCE_EXHAUSTED` once the time is over */
  expectTime(): void;
}

/** An operation that is ready to run: what its node says has been read and checked. */
export interface Kernel {
  /** Types of its outputs, in order. */
  readonly outputs: readonly DataType[];
  /**
   * Computes the outputs. They may share data with the inputs, which are never changed.
   * @param inputs all of the operation, each of the type that it had when the kernel was made
   * @throws ServingError for inputs that the operation fails on, and what `clock` throws
   */
  readonly run: (inputs: readonly Tensor[], clock?: Clock) => readonly Tensor[];
}

/**
 * Makes the kernel of an operation.
 * @throws ModelError `unsupported-op`, `unsupported-type`, `bad-graph`
 */
export type MakeKernel = (operation: NodeOperation<KnownInput>) => Kernel;
