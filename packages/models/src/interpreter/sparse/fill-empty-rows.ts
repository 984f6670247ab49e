import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { int64Tensor } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readCoordinates } from "./coordinates.ts";

/**
 * SparseFillEmptyRows: a default at the beginning of each row that has no value. Values come out row by row; besides, which
 * rows were empty, and where each value went.
 */
export const fillEmptyRows: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  return {
    outputs: ["int64", dtype, "bool", "int64"],
    run: ([indices, values, denseShape, fallback]) => {
      const { rows, shape } = readCoordinates(indices, denseShape);
      const [rowCount = 0] = shape;
      expectValues(values as Tensor, fallback as Tensor, rows.length, shape.length);
      const budget = new OutputBudget();
      budget.take("int64", (rows.length + rowCount) * (shape.length + 2));
      const counts = countRows(rows, rowCount);
      const starts = startRows(counts);
      const places = placeValues(rows, starts);
      const length = starts[rowCount] ?? 0;
      return [
        { dtype: "int64", shape: [length, shape.length], data: coordinatesOf(rows, places, starts, shape.length) },
        placeOr(values as Tensor, fallback as Tensor, places, length),
        { dtype: "bool", shape: [rowCount], data: Uint8Array.from(counts, (count) => (count === 0 ? 1 : 0)) },
        int64Tensor([rows.length], places),
      ];
    },
  };
};

type Rows = readonly (readonly number[])[];

/** How many values each row has. Rows may be many more than values, so that numbers in arrays stand for them. */
function countRows(rows: Rows, rowCount: number): Uint32Array {
  const counts = new Uint32Array(rowCount);
  for (const [row = 0] of rows) {
    counts[row] = (counts[row] ?? 0) + 1;
  }
  return counts;
}

/** Where each row begins in the output, and behind the last one where that ends: a row without values takes one place. */
function startRows(counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (const [row, count] of counts.entries()) {
    starts[row + 1] = (starts[row] ?? 0) + Math.max(count, 1);
  }
  return starts;
}

/** Where each value goes: behind those of its row that come before it. */
function placeValues(rows: Rows, starts: Uint32Array): number[] {
  const next = starts.slice();
  return rows.map(([row = 0]) => {
    const place = next[row] ?? 0;
    next[row] = place + 1;
    return place;
  });
}

function coordinatesOf(rows: Rows, places: readonly number[], starts: Uint32Array, rank: number): BigInt64Array {
  const coordinates = new BigInt64Array((starts.at(-1) ?? 0) * rank);
  for (const [row, start] of starts.subarray(0, -1).entries()) {
    coordinates[start * rank] = BigInt(row);
  }
  for (const [from, place] of places.entries()) {
    coordinates.set(rows[from]?.map(BigInt) ?? [], place * rank);
  }
  return coordinates;
}

function placeOr({ dtype, data }: Tensor, fallback: Tensor, places: readonly number[], length: number): Tensor {
  const elements = makeElements(dtype, length);
  elements.fill(fallback.data);
  for (const [from, place] of places.entries()) {
    elements.copy(data, from, 1, place);
  }
  return { dtype, shape: [length], data: elements.data };
}

function expectValues(values: Tensor, fallback: Tensor, count: number, rank: number): void {
  if (values.shape.length !== 1 || values.data.length !== count || fallback.shape.length > 0 || rank < 1) {
    throw invalidArgument(`SparseFillEmptyRows takes a matrix, ${count} values and one default value`);
  }
}
