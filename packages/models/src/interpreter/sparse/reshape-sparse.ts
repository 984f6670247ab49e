import { invalidArgument } from "@sealserve/protocol";

import { int64Tensor, integerVector } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { coordinatesOf, positionsOf, readCoordinates, volume } from "./coordinates.ts";

/** SparseReshape: the same elements in another shape, in which one size of -1 is worked out. */
export const reshapeSparse: MakeKernel = () => ({
  outputs: ["int64", "int64"],
  run: ([indices, denseShape, newShape]) => {
    const coordinates = readCoordinates(indices, denseShape);
    const sizes = resolveSizes(integerVector(newShape, "The new shape"), volume(coordinates.shape));
    const { count } = coordinates;
    new OutputBudget().take("int64", count * sizes.length);
    const moved = coordinatesOf(positionsOf(coordinates), sizes);
    return [int64Tensor([count, sizes.length], moved), int64Tensor([sizes.length], sizes)];
  },
});

/** @throws ServingError `INVALID_ARGUMENT` */
function resolveSizes(sizes: readonly number[], count: number): number[] {
  const unknown = sizes.indexOf(-1);
  if (sizes.some((size, axis) => size < 0 && axis !== unknown)) {
    throw invalidArgument("A new shape takes sizes from 0 on, and one of -1");
  }
  const known = volume(sizes.filter((_, axis) => axis !== unknown));
  if (unknown >= 0 && known === 0) {
    throw invalidArgument("reshape cannot infer the missing input size for an empty tensor");
  }
  const resolved = sizes.map((size, axis) => (axis === unknown ? Math.floor(count / known) : size));
  if (volume(resolved) !== count) {
    throw invalidArgument(`Input to reshape is a tensor with ${count} dense values, which the new shape does not fit`);
  }
  return resolved;
}
