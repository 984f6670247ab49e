import { elementCount, invalidArgument, isNumberData, MAX_RANK, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "./kernel.ts";

/** Reshape: the same elements in another shape, in which one size of -1 is worked out. */
export const reshape: MakeKernel = (operation) => ({
  outputs: [operation.input(0).dtype],
  run: ([tensor, sizes]) => [reshapeTensor(tensor as Tensor, readSizes(sizes as Tensor))],
});

/** @throws ServingError `INVALID_ARGUMENT` */
function readSizes({ shape, data }: Tensor): number[] {
  if (shape.length !== 1 || !isNumberData(data)) {
    throw invalidArgument(`sizes input must be 1-D, not [${shape.join(",")}]`);
  }
  if (data.length > MAX_RANK) {
    throw invalidArgument(`reshape takes at most ${MAX_RANK} sizes, not ${data.length}`);
  }
  return Array.from(data, Number);
}

function reshapeTensor(tensor: Tensor, sizes: readonly number[]): Tensor {
  const unknown = sizes.indexOf(-1);
  if (sizes.some((size, axis) => size < 0 && axis !== unknown)) {
    throw invalidArgument("reshape takes sizes from 0 on, and one of -1");
  }
  const count = elementCount(tensor.shape);
  const known = sizes.reduce((product, size, axis) => (axis === unknown ? product : product * size), 1);
  const shape = sizes.map((size, axis) => (axis === unknown ? Math.floor(count / known) : size));
  if (known === 0 && unknown >= 0) {
    throw invalidArgument("reshape cannot infer the missing input size for an empty tensor");
  }
  if ((unknown < 0 ? known : known * (shape[unknown] as number)) !== count) {
    throw invalidArgument(
      `Input to reshape is a tensor with ${count} values, but the requested shape does not fit them`,
    );
  }
  return { ...tensor, shape };
}
