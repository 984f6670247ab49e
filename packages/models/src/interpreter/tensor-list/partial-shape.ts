import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

/** A shape with -1 for a dimension of any size; undefined for one of any rank. */
export type PartialShape = readonly number[] | undefined;

/** How messages show a shape. */
export function showShape(shape: PartialShape): string {
  return shape === undefined ? "<unknown>" : `[${shape.map((size) => (size < 0 ? "?" : size)).join(",")}]`;
}

/**
 * The shape that says what both say.
 * @throws ServingError `INVALID_ARGUMENT` when they contradict each other
 */
export function mergeShapes(a: PartialShape, b: PartialShape): PartialShape {
  if (a === undefined || b === undefined) {
    return a ?? b;
  }
  if (a.length !== b.length || a.some((size, axis) => size >= 0 && (b[axis] ?? 0) >= 0 && size !== b[axis])) {
    throw invalidArgument(`Tried to merge the shapes ${showShape(a)} and ${showShape(b)} of a list's elements`);
  }
  return a.map((size, axis) => (size >= 0 ? size : (b[axis] as number)));
}

/** Whether every dimension is known. */
export function isWhole(shape: PartialShape): shape is readonly number[] {
  return shape?.every((size) => size >= 0) === true;
}

/**
 * A shape out of the tensor that holds it: a vector of sizes, or -1 alone for one of any rank.
 * @throws ServingError `INVALID_ARGUMENT`
 */
export function readPartialShape({ shape, data }: Tensor): PartialShape {
  const sizes = isNumberData(data) ? Array.from<number | bigint, number>(data, Number) : [];
  if (shape.length === 0 && sizes[0] === -1) {
    return undefined;
  }
  if (shape.length !== 1 || sizes.some((size) => size < -1)) {
    throw invalidArgument("the shape of a list's elements must be a vector of sizes from -1 on, or the number -1");
  }
  return sizes;
}
