import { elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";
import { makeElements } from "../elements.ts";
import { integersOf } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { stridesOf, walk } from "./walk.ts";

/** Transpose to an order of axes that is known only when the model runs. */
export const transpose: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (dtype.startsWith("complex") || dtype === "resource" || dtype === "variant") {
    operation.refuse(`its order of axes is not constant, and its input is ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: ([tensor, order], clock) => {
      const { shape, data } = tensor as Tensor;
      const axes = readOrder(order, shape.length);
      const moved = axes.map((axis) => shape[axis] as number);
      new OutputBudget().take(dtype, elementCount(shape));
      const elements = makeElements(dtype, data.length);
      const own = stridesOf(shape);
      const strides = axes.map((axis) => own[axis] as number);
      walk(moved, [strides], (place, [at = 0]) => elements.copy(data, at, 1, place), clock);
      return [{ dtype, shape: moved, data: elements.data }];
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` unless each axis is named once */
function readOrder(tensor: Tensor | undefined, rank: number): number[] {
  const axes = integersOf(tensor, "The order of axes").map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.length !== rank || [...axes].sort((a, b) => a - b).some((axis, place) => axis !== place)) {
    throw invalidArgument(`the order of axes must name each of ${rank} once, not [${axes.join(",")}]`);
  }
  return axes;
}
