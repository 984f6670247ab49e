import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { integersOf, integerVector } from "../integers.ts";
import { OutputBudget } from "../output-budget.ts";

/** Memory that a row takes: those of a matrix without columns have no bytes in it. */
const ROW_BYTES = 64;

/** Where the values of a sparse tensor stand: a row of coordinates for each, and the shape of the whole. */
export interface Coordinates {
  readonly rows: readonly (readonly number[])[];
  readonly shape: readonly number[];
}

/**
 * Reads the matrix of coordinates and the shape of a sparse tensor.
 * @throws ServingError `INVALID_ARGUMENT` for coordinates outside of the shape
 */
export function readCoordinates(indices: Tensor | undefined, denseShape: Tensor | undefined): Coordinates {
  const shape = readShape(denseShape);
  if (indices?.shape.length !== 2 || indices.shape[1] !== shape.length) {
    throw invalidArgument(`Indices of shape [${indices?.shape.join(",")}] do not fit a shape of rank ${shape.length}`);
  }
  const rows = rowsOfMatrix(indices);
  expectInside(rows, shape);
  return { rows, shape };
}

/** A shape out of a vector of sizes. @throws ServingError `INVALID_ARGUMENT` */
export function readShape(tensor: Tensor | undefined): number[] {
  const shape = integerVector(tensor, "A shape");
  if (shape.some((size) => size < 0) || !Number.isSafeInteger(volume(shape))) {
    throw invalidArgument(`A shape must be made of sizes from 0 on, not [${shape.join(",")}]`);
  }
  return shape;
}

/** Rows of a matrix of whole numbers. @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED` */
export function rowsOfMatrix(matrix: Tensor): number[][] {
  const [count = 0, width = 0] = matrix.shape;
  new OutputBudget().takeBytes(count * ROW_BYTES);
  const numbers = integersOf(matrix, "Indices");
  return Array.from({ length: count }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}

/** @throws ServingError `INVALID_ARGUMENT` */
export function expectInside(rows: Coordinates["rows"], shape: readonly number[]): void {
  const outside = rows.find((row) => row.some((index, axis) => index < 0 || index >= (shape[axis] as number)));
  if (outside !== undefined) {
    throw invalidArgument(`Index [${outside.join(",")}] is out of bounds: need 0 <= index < [${shape.join(",")}]`);
  }
}

/** Number of elements of a shape. */
export function volume(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Coordinates of the element at a position in row-major order. */
export function coordinatesAt(position: number, shape: readonly number[]): number[] {
  let rest = position;
  const reversed = shape.toReversed().map((size) => {
    const index = rest % size;
    rest = Math.floor(rest / size);
    return index;
  });
  return reversed.toReversed();
}

/** Position of coordinates among all elements in row-major order. */
export function positionOf(row: readonly number[], shape: readonly number[]): number {
  return row.reduce((position, index, axis) => position * (shape[axis] as number) + index, 0);
}
