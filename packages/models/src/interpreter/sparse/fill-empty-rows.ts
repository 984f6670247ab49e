import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { int64Tensor } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { type Coordinates, readCoordinates } from "./coordinates.ts";

/**
 * SparseFillEmptyRows: a default at the beginning of each row that has no value. Values come out row by row; besides, which
 * rows were empty, and where each value went.
 */
export const fillEmptyRows: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  return {
    outputs: ["int64", dtype, "bool", "int64"],
    run: ([indices, values, denseShape, fallback]) => {
      const coordinates = readCoordinates(indices, denseShape);
      const { count, shape } = coordinates;
      const [rowCount = 0] = shape;
      expectValues(values as Tensor, fallback as Tensor, count, shape.length);
      const budget = new OutputBudget();
      budget.take("int64", (count + rowCount) * (shape.length + 2));
      const counts = countRows(coordinates, rowCount);
      const starts = startRows(counts);
      const places = placeValues(coordinates, starts);
      const length = starts[rowCount] ?? 0;
      return [
        int64Tensor([length, shape.length], placeCoordinates(coordinates, places, starts)),
        placeOr(values as Tensor, fallback as Tensor, places, length),
        { dtype: "bool", shape: [rowCount], data: Uint8Array.from(counts, (inRow) => (inRow === 0 ? 1 : 0)) },
        int64Tensor([count], places),
      ];
    },
  };
};

/** How many values each row has. Rows may be many more than values, so that numbers in arrays stand for them. */
function countRows({ count, numbers, shape }: Coordinates, rowCount: number): Uint32Array {
  const counts = new Uint32Array(rowCount);
  for (let value = 0; value < count; value++) {
    const row = numbers[value * shape.length] as number;
    counts[row] = (counts[row] ?? 0) + 1;
  }
  return counts;
}

/** Where each row begins in the output, and behind the last one where that ends: a row without values takes one place. */
function startRows(counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (let row = 0; row < counts.length; row++) {
    starts[row + 1] = (starts[row] as number) + Math.max(counts[row] as number, 1);
  }
  return starts;
}

/** Where each value goes: behind those of its row that come before it. */
function placeValues({ count, numbers, shape }: Coordinates, starts: Uint32Array): number[] {
  const next = starts.slice();
  const places: number[] = [];
  for (let value = 0; value < count; value++) {
    const row = numbers[value * shape.length] as number;
    const place = next[row] as number;
    next[row] = place + 1;
    places.push(place);
  }
  return places;
}

/** Coordinates of all values in their new places: a default is the first of its row. */
function placeCoordinates({ numbers, shape }: Coordinates, places: readonly number[], starts: Uint32Array): number[] {
  const rank = shape.length;
  const placed: number[] = Array.from({ length: (starts.at(-1) ?? 0) * rank }, () => 0);
  for (let row = 0; row < starts.length - 1; row++) {
    placed[(starts[row] as number) * rank] = row;
  }
  for (let value = 0; value < places.length; value++) {
    for (let axis = 0; axis < rank; axis++) {
      placed[(places[value] as number) * rank + axis] = numbers[value * rank + axis] as number;
    }
  }
  return placed;
}

function placeOr({ dtype, data }: Tensor, fallback: Tensor, places: readonly number[], length: number): Tensor {
  const elements = makeElements(dtype, length);
  elements.fill(fallback.data);
  for (let from = 0; from < places.length; from++) {
    elements.copy(data, from, 1, places[from] as number);
  }
  return { dtype, shape: [length], data: elements.data };
}

function expectValues(values: Tensor, fallback: Tensor, count: number, rank: number): void {
  if (values.shape.length !== 1 || values.data.length !== count || fallback.shape.length > 0 || rank < 1) {
    throw invalidArgument(`SparseFillEmptyRows takes a matrix, ${count} values and one default value`);
  }
}
