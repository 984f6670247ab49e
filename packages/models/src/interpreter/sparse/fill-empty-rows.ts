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
      const [rowCount = 0, ...inner] = shape;
      expectValues(values as Tensor, fallback as Tensor, rows.length, shape.length);
      const budget = new OutputBudget();
      budget.take("int64", (rows.length + rowCount) * (shape.length + 2));
      const places = placeRows(rows, rowCount);
      const filled = places.map(({ row, from }) => rows[from ?? -1] ?? [row, ...inner.map(() => 0)]);
      const reverse = rows.map(() => 0);
      for (const [place, { from }] of places.entries()) {
        if (from !== undefined) {
          reverse[from] = place;
        }
      }
      const isEmpty = new Uint8Array(rowCount);
      for (const { row, from } of places) {
        isEmpty[row] = from === undefined ? 1 : 0;
      }
      return [
        int64Tensor([places.length, shape.length], filled.flat()),
        gatherOr(
          values as Tensor,
          fallback as Tensor,
          places.map(({ from }) => from),
        ),
        { dtype: "bool", shape: [rowCount], data: isEmpty },
        int64Tensor([rows.length], reverse),
      ];
    },
  };
};

/** A row of the output: the position of its value, undefined for one that is filled in. */
interface Place {
  readonly row: number;
  readonly from: number | undefined;
}

function placeRows(rows: readonly (readonly number[])[], rowCount: number): Place[] {
  const byRow: Place[][] = Array.from({ length: rowCount }, () => []);
  for (const [from, row] of rows.entries()) {
    byRow[row[0] as number]?.push({ row: row[0] as number, from });
  }
  return byRow.flatMap((places, row) => (places.length === 0 ? [{ row, from: undefined }] : places));
}

function gatherOr({ dtype, data }: Tensor, fallback: Tensor, positions: readonly (number | undefined)[]): Tensor {
  const elements = makeElements(dtype, positions.length);
  for (const [index, from] of positions.entries()) {
    elements.set(from === undefined ? fallback.data : data.slice(from, from + 1), index);
  }
  return { dtype, shape: [positions.length], data: elements.data };
}

function expectValues(values: Tensor, fallback: Tensor, count: number, rank: number): void {
  if (values.shape.length !== 1 || values.data.length !== count || fallback.shape.length > 0 || rank < 1) {
    throw invalidArgument(`SparseFillEmptyRows takes a matrix, ${count} values and one default value`);
  }
}
