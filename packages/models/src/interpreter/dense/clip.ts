import { type DataType, invalidArgument, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

import { FLOATS } from "../float-types.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";

/** Types that numbers are compared in as they are held. */
const COMPARABLE: readonly DataType[] = [...FLOATS, "int8", "uint8", "int16", "uint16", "int32", "int64"];

/**
 * ClipByValue with bounds of any shape: at most one bound and then at least the other. A comparison with what is no number does
 * not hold, so that such a bound is none (clip_ops.cc).
 */
export const clip: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (!COMPARABLE.includes(dtype)) {
    operation.refuse(`its values are ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: ([value, lowest, highest]) => {
      const { shape, data } = value as Tensor;
      const [low, high] = [boundOf(lowest, shape), boundOf(highest, shape)];
      new OutputBudget().take(dtype, data.length);
      const clipped = makeNumbers(dtype, data.length);
      for (const [index, number] of isNumberData(data) ? data.entries() : []) {
        const [most, least] = [high(index), low(index)];
        const lowered = most < number ? most : number;
        clipped[index] = (lowered < least ? least : lowered) as never;
      }
      return [{ dtype, shape, data: clipped }];
    },
  };
};

/** The bound for each element: one for all, or each its own. @throws ServingError `INVALID_ARGUMENT` */
function boundOf(bound: Tensor | undefined, shape: readonly number[]): (index: number) => number | bigint {
  const isForAll = bound?.shape.length === 0;
  if (bound === undefined || !isNumberData(bound.data) || (!isForAll && bound.shape.join() !== shape.join())) {
    throw invalidArgument("clip_value_min and clip_value_max must be either of the same shape as input, or a scalar.");
  }
  const { data } = bound;
  return (index) => data[isForAll ? 0 : index] as number | bigint;
}
