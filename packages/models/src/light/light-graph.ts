import type { Tensor } from "@sealserve/protocol";

import type { LightOperation } from "./light-operations.ts";

/** Types that a light graph computes in. */
export type LightType = "float32" | "float64";

/** Most operations of a light graph. */
export const MAX_LIGHT_STEPS = 32;
/**
 * Most elements that a light graph holds as constants, and that one run of it may take in and compute together: some 30
 * microseconds, which is less than the way to another thread.
 */
export const MAX_LIGHT_ELEMENTS = 1024;

/** What goes into a light graph. */
export interface LightInput {
  readonly dtype: LightType;
  /** Sizes that the engine holds requests to, -1 for any; undefined where it takes every shape. */
  readonly shape: readonly number[] | undefined;
}

/** One operation. Its value comes behind those of the steps before it. */
export interface LightStep {
  readonly operation: LightOperation;
  /** Numbers of values before its own. */
  readonly operands: readonly number[];
}

/**
 * A graph that costs less to run than to send to another thread: few operations, each of which rounds its results in the one
 * way that IEEE 754 allows, so that who runs it makes no difference. Values are numbered: the inputs, then the constants, then
 * what each step gives. Plain data, which cross between threads.
 */
export interface LightGraph {
  readonly inputs: readonly LightInput[];
  readonly constants: readonly Tensor[];
  readonly steps: readonly LightStep[];
  /** Numbers of values by the signature's names. Two names of inputs may mean one: the later one in this order then counts. */
  readonly inputNames: ReadonlyMap<string, number>;
  readonly outputNames: ReadonlyMap<string, number>;
}
