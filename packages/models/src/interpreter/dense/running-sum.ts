import { elementCount, invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";

/** Cumsum of whole numbers from the front: sums of all elements up to each one along an axis, of which the lower bits are kept. */
export const runningSum: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: ([tensor, axisTensor]) => {
      const { shape, data } = tensor as Tensor;
      const given = wholeNumber(axisTensor, "axis");
      const axis = given < 0 ? given + shape.length : given;
      const size = shape[axis];
      if (size === undefined) {
        throw invalidArgument(`axis ${given} is not in [${-shape.length}, ${shape.length})`);
      }
      new OutputBudget().take(dtype, data.length);
      const sums = makeNumbers(dtype, data.length);
      const apart = elementCount(shape.slice(axis + 1));
      for (let place = 0; place < data.length; place++) {
        const isFirst = Math.floor(place / apart) % size === 0;
        // Both are of one type: numbers, or bigints.
        sums[place] = (isFirst ? data[place] : (sums[place - apart] as number) + (data[place] as number)) as never;
      }
      return [{ dtype, shape, data: sums }];
    },
  };
};
