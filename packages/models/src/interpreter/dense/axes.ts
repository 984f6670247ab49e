import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { integersOf } from "../integers.ts";

/**
 * Positions of axes, counted from the front.
 * @param tensor whole numbers, counted from the back when negative
 * @throws ServingError `INVALID_ARGUMENT` for an axis that is not there, or that is named twice
 */
export function readAxes(tensor: Tensor | undefined, rank: number): number[] {
  const axes = integersOf(tensor, "Axes").map((axis) => {
    if (axis < -rank || axis >= rank) {
      throw invalidArgument(`Invalid reduction dimension (${axis} for input with ${rank} dimension(s)`);
    }
    return axis < 0 ? axis + rank : axis;
  });
  if (new Set(axes).size < axes.length) {
    throw invalidArgument("Invalid reduction arguments: Axes contains duplicate dimension");
  }
  return axes;
}
