import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { indexTensor, integerVector } from "./integers.ts";
import type { MakeKernel } from "./kernel.ts";

/**
 * BroadcastGradientArgs: the axes along which each of two shapes is repeated when they are broadcast against each other. Where
 * shapes differ, a size of 1 counts as repeated even if the other is 1 too (bcast.h).
 */
export const broadcastGradientArgs: MakeKernel = (operation) => {
  const dtype = operation.input(0).dtype === "int64" ? "int64" : "int32";
  return {
    outputs: [dtype, dtype],
    run: ([first, second]) => {
      const [a, b] = [integerVector(first, "A shape"), integerVector(second, "A shape")];
      const rank = Math.max(a.length, b.length);
      const raise = (sizes: readonly number[]): number[] => [
        ...Array.from({ length: rank - sizes.length }, () => 1),
        ...sizes,
      ];
      const [sizesA, sizesB] = [raise(a), raise(b)];
      if (sizesA.some((size, axis) => size !== sizesB[axis] && size !== 1 && sizesB[axis] !== 1)) {
        throw invalidArgument(`Incompatible shapes: [${a.join(",")}] vs. [${b.join(",")}]`);
      }
      const repeated = (sizes: readonly number[]): Tensor => {
        const axes = a.join() === b.join() ? [] : sizes.flatMap((size, axis) => (size === 1 ? [axis] : []));
        return indexTensor(dtype, [axes.length], axes);
      };
      return [repeated(sizesA), repeated(sizesB)];
    },
  };
};
