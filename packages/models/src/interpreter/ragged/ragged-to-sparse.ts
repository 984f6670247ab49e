import { elementCount, type Tensor } from "@sealserve/protocol";

import { int64Tensor } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readLevels, splitType } from "./split-levels.ts";

/** RaggedTensorToSparse: the place of each value among rows that are all as long as the longest. */
export const raggedToSparse: MakeKernel = (operation) => {
  const levels = operation.integer("RAGGED_RANK", operation.inputs.length - 1);
  if (levels < 1 || operation.inputs.length !== levels + 1) {
    operation.refuse(`it has ${levels} ragged dimensions`);
  }
  splitType(operation.input(0).dtype, operation);
  const { dtype } = operation.input(levels);
  return {
    outputs: ["int64", dtype, "int64"],
    run: (inputs) => {
      const values = inputs[levels] as Tensor;
      const splits = readLevels(inputs.slice(0, levels), values);
      const inner = values.shape.slice(1);
      const longest = splits.map((level) =>
        level.reduce((most, end, row) => Math.max(most, end - (level[row - 1] ?? end)), 0),
      );
      const shape = [(splits[0]?.length ?? 1) - 1, ...longest, ...inner];
      new OutputBudget().take("int64", values.data.length * shape.length);
      const places = placesOf(splits, inner);
      return [
        int64Tensor([values.data.length, shape.length], places),
        { ...values, shape: [values.data.length] },
        int64Tensor([shape.length], shape),
      ];
    },
  };
};

/** Coordinates of all values, one behind the other. */
function placesOf(splits: readonly (readonly number[])[], inner: readonly number[]): number[] {
  const places: number[] = [];
  const width = elementCount(inner);
  const visit = (level: number, row: number, before: readonly number[]): void => {
    const [start = 0, end = 0] = [splits[level]?.[row], splits[level]?.[row + 1]];
    for (let index = start; index < end; index++) {
      const place = [...before, index - start];
      if (level < splits.length - 1) {
        visit(level + 1, index, place);
        continue;
      }
      for (let element = 0; element < width; element++) {
        places.push(...place, ...coordinates(element, inner));
      }
    }
  };
  for (let row = 0; row < (splits[0]?.length ?? 1) - 1; row++) {
    visit(0, row, [row]);
  }
  return places;
}

function coordinates(element: number, shape: readonly number[]): number[] {
  return shape.map((size, axis) => Math.floor(element / elementCount(shape.slice(axis + 1))) % size);
}
