import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";

/** EnsureShape: hands its input on when it is of a shape, in which -1 is any size. */
export const ensureShape: MakeKernel = (operation) => {
  const wanted = operation.shape("shape");
  return {
    outputs: [operation.input(0).dtype],
    run: ([tensor]) => {
      const { shape } = tensor as Tensor;
      const fits = shape.length === wanted?.length && wanted.every((size, axis) => size < 0 || size === shape[axis]);
      if (wanted !== undefined && !fits) {
        throw invalidArgument(
          `Shape of tensor [${shape.join(",")}] is not compatible with expected shape [${wanted.join(",")}]`,
        );
      }
      return [tensor as Tensor];
    },
  };
};
