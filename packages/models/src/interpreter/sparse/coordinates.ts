import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { stridesOf } from "../dense/walk.ts";
import { integersOf, integerVector } from "../integers.ts";
import { OutputBudget } from "../output-budget.ts";

/** Memory that the list for a value takes, or its position: a matrix without columns has any number of rows and no bytes. */
const ROW_BYTES = 64;

/** Where the values of a sparse tensor stand, and the shape of the whole. */
export interface Coordinates {
  /** How many values there are. */
  readonly count: number;
  /** As many coordinates for each value as the shape has axes, value after value. */
  readonly numbers: readonly number[];
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
  const [count = 0] = indices.shape;
  return coordinatesWithin(indices, count, shape);
}

/**
 * As many coordinates as there are elements in `indices`, for `count` values.
 * @throws ServingError `RESOURCE_EXHAUSTED`, before any is read, and `INVALID_ARGUMENT` when some are outside of the shape
 */
export function coordinatesWithin(indices: Tensor, count: number, shape: readonly number[]): Coordinates {
  new OutputBudget().takeBytes(count * ROW_BYTES);
  return insideOf({ count, numbers: integersOf(indices, "Indices"), shape });
}

/** A shape out of a vector of sizes. @throws ServingError `INVALID_ARGUMENT` */
export function readShape(tensor: Tensor | undefined): number[] {
  const shape = integerVector(tensor, "A shape");
  if (shape.some((size) => size < 0) || !Number.isSafeInteger(volume(shape))) {
    throw invalidArgument(`A shape must be made of sizes from 0 on, not [${shape.join(",")}]`);
  }
  return shape;
}

/** The same coordinates. @throws ServingError `INVALID_ARGUMENT` when some are outside of the shape */
function insideOf(coordinates: Coordinates): Coordinates {
  const { numbers, shape } = coordinates;
  const rank = shape.length;
  for (let at = 0; at < numbers.length; at++) {
    const index = numbers[at] as number;
    if (index < 0 || index >= (shape[at % rank] as number)) {
      const row = numbers.slice(at - (at % rank), at - (at % rank) + rank);
      throw invalidArgument(`Index [${row.join(",")}] is out of bounds: need 0 <= index < [${shape.join(",")}]`);
    }
  }
  return coordinates;
}

/** The coordinates of each value as a list of its own. */
export function rowsOf({ count, numbers, shape }: Coordinates): number[][] {
  const rank = shape.length;
  return Array.from({ length: count }, (_, row) => numbers.slice(row * rank, (row + 1) * rank));
}

/** The position of each value among all elements in row-major order. */
export function positionsOf({ count, numbers, shape }: Coordinates): number[] {
  const positions: number[] = [];
  const rank = shape.length;
  for (let start = 0, value = 0; value < count; value++, start += rank) {
    let position = 0;
    for (let axis = 0; axis < rank; axis++) {
      position = position * (shape[axis] as number) + (numbers[start + axis] as number);
    }
    positions.push(position);
  }
  return positions;
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

/** Coordinates of the elements at some positions in row-major order, one behind the other. */
export function coordinatesOf(positions: readonly number[], shape: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const numbers: number[] = [];
  for (const position of positions) {
    for (let axis = 0; axis < shape.length; axis++) {
      numbers.push(Math.floor(position / (strides[axis] as number)) % (shape[axis] as number));
    }
  }
  return numbers;
}

/** Position of coordinates among all elements in row-major order. */
export function positionOf(row: readonly number[], shape: readonly number[]): number {
  return row.reduce((position, index, axis) => position * (shape[axis] as number) + index, 0);
}
