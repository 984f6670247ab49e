import { elementCount, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { Clock } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { broadcastStrides, broadcastTwo } from "./broadcast.ts";
import { walk } from "./walk.ts";

/**
 * A tensor of the same type out of two of numbers, which are broadcast against each other.
 * @param combine gives a number of the kind that it is given
 * @throws ServingError `INVALID_ARGUMENT` for shapes that do not go together, and what `combine` throws
 */
export function combineTwo(
  a: Tensor,
  b: Tensor,
  combine: (a: Tensor["data"][number] | undefined, b: Tensor["data"][number] | undefined) => number | bigint,
  clock: Clock | undefined,
): Tensor {
  const { dtype } = a;
  const shape = broadcastTwo(a.shape, b.shape);
  new OutputBudget().take(dtype, elementCount(shape));
  const data = makeNumbers(dtype, elementCount(shape));
  walk(
    shape,
    [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)],
    (place, [atA = 0, atB = 0]) => {
      data[place] = combine(a.data[atA], b.data[atB]) as never;
    },
    clock,
  );
  return { dtype, shape, data };
}
