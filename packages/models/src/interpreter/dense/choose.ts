/** Operations that choose elements: by truth values, or by where they stand. */
import { elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { int64Tensor, integersOf } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { coordinatesOf } from "../sparse/coordinates.ts";
import { broadcastStrides, broadcastTwo } from "./broadcast.ts";
import { walk } from "./walk.ts";

/** SelectV2: elements of the second input where the first is true, else of the third; all three are broadcast. */
export const select: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  return {
    outputs: [dtype],
    run: ([given, whenTrue, whenFalse], clock) => {
      const [condition, yes, no] = [given as Tensor, whenTrue as Tensor, whenFalse as Tensor];
      const shape = broadcastTwo(broadcastTwo(condition.shape, yes.shape), no.shape);
      new OutputBudget().take(dtype, elementCount(shape));
      const elements = makeElements(dtype, elementCount(shape));
      const strides = [condition, yes, no].map((tensor) => broadcastStrides(tensor.shape, shape));
      walk(
        shape,
        strides,
        (place, [at = 0, atYes = 0, atNo = 0]) => {
          const [source, from] = condition.data[at] === 0 ? [no, atNo] : [yes, atYes];
          elements.copy(source.data, from, 1, place);
        },
        clock,
      );
      return [{ dtype, shape, data: elements.data }];
    },
  };
};

/** Select: as {@link select} without broadcasting, but for a condition that is a scalar, or a vector with a place for each row. */
export const selectRows: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  return {
    outputs: [dtype],
    run: ([given, whenTrue, whenFalse]) => {
      const [condition, yes, no] = [given as Tensor, whenTrue as Tensor, whenFalse as Tensor];
      const { shape } = yes;
      const isEvery = equalShapes(condition.shape, shape);
      const isRows = condition.shape.length <= 1 && (condition.shape[0] ?? shape[0]) === shape[0];
      if (!equalShapes(shape, no.shape) || !(isEvery || isRows)) {
        const shapes = [condition, yes, no].map((tensor) => `[${tensor.shape.join(",")}]`);
        throw invalidArgument(`the shapes ${shapes.join(", ")} of a choice do not fit each other`);
      }
      new OutputBudget().take(dtype, yes.data.length);
      const elements = makeElements(dtype, yes.data.length);
      const each = condition.data.length === 0 ? 0 : yes.data.length / condition.data.length;
      for (let place = 0; place < condition.data.length; place++) {
        elements.copy((condition.data[place] === 0 ? no : yes).data, place * each, each, place * each);
      }
      return [{ dtype, shape, data: elements.data }];
    },
  };
};

function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Where: a row of coordinates for each element that is not 0. */
export const where: MakeKernel = () => ({
  outputs: ["int64"],
  run: ([tensor], clock) => {
    const { shape, data } = tensor as Tensor;
    const found: number[] = [];
    for (let place = 0; place < data.length; place++) {
      const value = data[place] as number | bigint;
      if (value !== 0 && value !== 0n) {
        found.push(place);
      }
    }
    new OutputBudget().take("int64", found.length * shape.length);
    clock?.expectTime();
    return [int64Tensor([found.length, shape.length], coordinatesOf(found, shape))];
  },
});

/** GatherNd: the elements or slices at coordinates, which stand along the last axis of the second input. */
export const gatherAt: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: ([parameters, indices]) => {
      const { shape, data } = parameters as Tensor;
      const places = indices as Tensor;
      const depth = places.shape.at(-1) ?? shape.length + 1;
      if (depth > shape.length) {
        throw invalidArgument(`${depth} coordinates for a tensor of shape [${shape.join(",")}]`);
      }
      const [outer, inner] = [places.shape.slice(0, -1), shape.slice(depth)];
      const [rows, each] = [elementCount(outer), elementCount(inner)];
      new OutputBudget().take(dtype, rows * each);
      const elements = makeElements(dtype, rows * each);
      const numbers = integersOf(places, "Indices");
      for (let row = 0; row < rows; row++) {
        const from = positionAt(numbers, row * depth, shape.slice(0, depth));
        elements.copy(data, from * each, each, row * each);
      }
      return [{ dtype, shape: [...outer, ...inner], data: elements.data }];
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` for coordinates outside of the shape */
function positionAt(numbers: readonly number[], start: number, shape: readonly number[]): number {
  let position = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const [index, size] = [numbers[start + axis] as number, shape[axis] as number];
    if (index < 0 || index >= size) {
      throw invalidArgument(`coordinate ${index} of axis ${axis} is not in [0, ${size})`);
    }
    position = position * size + index;
  }
  return position;
}
