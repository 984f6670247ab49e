import { elementCount, invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { integerVector } from "../integers.ts";
import type { Clock, Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { stridesOf, walk } from "./walk.ts";

/** One entry of a slice's specification: an index, or else a range whose open ends are undefined. */
interface Entry {
  readonly index: number | undefined;
  readonly begin: number | undefined;
  readonly end: number | undefined;
  readonly stride: number;
}

/** What is taken along an axis. */
interface Cut {
  readonly first: number;
  readonly count: number;
  readonly stride: number;
  readonly isDropped: boolean;
}

/** The kernel of a slice of whole numbers by constant bounds; undefined for one with an ellipsis or new axes. */
export function findSlice(operation: NodeOperation<KnownInput>): MakeKernel | undefined {
  const isNumbers = /^int(32|64)$/.test(operation.input(0).dtype);
  const areConstant = [1, 2, 3].every((position) => operation.input(position).constant !== undefined);
  const isPlain = ["ellipsis_mask", "new_axis_mask"].every((mask) => operation.integer(mask, 0) === 0);
  return isNumbers && areConstant && isPlain ? slice : undefined;
}

/** StridedSlice of whole numbers. */
function slice(operation: NodeOperation<KnownInput>): Kernel {
  const { dtype } = operation.input(0);
  const bounds = [1, 2, 3].map((position) => operation.constantIntegers(position));
  const entries = makeEntries(operation, bounds);
  if (entries === undefined) {
    return operation.refuse("its bounds do not fit its strides, or a stride is 0");
  }
  return { outputs: [dtype], run: ([tensor], clock) => [take(tensor as Tensor, entries, clock)] };
}

/** StridedSlice of numbers by bounds that a request brings, without an ellipsis or new axes: of how many axes is not known before. */
export const sliceByInputs: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const isPlain = ["ellipsis_mask", "new_axis_mask"].every((mask) => operation.integer(mask, 0) === 0);
  if (!isPlain || dtype === "string") {
    operation.refuse("its input 3 is not a constant");
  }
  return {
    outputs: [dtype],
    run: ([tensor, ...bounds], clock) => {
      const entries = makeEntries(
        operation,
        bounds.map((bound) => integerVector(bound, "begin, end and strides")),
      );
      if (entries === undefined) {
        throw invalidArgument("begin, end and strides must be as many, and no stride 0");
      }
      return [take(tensor as Tensor, entries, clock)];
    },
  };
};

function take({ dtype, shape, data }: Tensor, entries: readonly Entry[], clock: Clock | undefined): Tensor {
  if (entries.length > shape.length) {
    throw invalidArgument(`Index out of range using input dim ${shape.length}; input has only ${shape.length} dims`);
  }
  const cuts = shape.map((size, axis) => cutOf(entries[axis], size, axis));
  const sizes = cuts.map(({ count }) => count);
  new OutputBudget().take(dtype, elementCount(sizes));
  const taken = makeNumbers(dtype, elementCount(sizes));
  const apart = stridesOf(shape);
  const start = cuts.reduce((sum, { first }, axis) => sum + first * (apart[axis] as number), 0);
  const strides = cuts.map(({ stride }, axis) => stride * (apart[axis] as number));
  walk(
    sizes,
    [strides],
    (place, [at = 0]) => {
      taken[place] = data[start + at] as never;
    },
    clock,
  );
  return { dtype, shape: cuts.filter(({ isDropped }) => !isDropped).map(({ count }) => count), data: taken };
}

/** @returns undefined for bounds that do not fit the strides, or a stride of 0 */
function makeEntries(
  operation: NodeOperation<KnownInput>,
  [begins = [], ends = [], strides = []]: readonly (readonly number[])[],
): Entry[] | undefined {
  if (begins.length !== strides.length || ends.length !== strides.length || strides.includes(0)) {
    return undefined;
  }
  const isMasked = (mask: string, position: number): boolean => ((operation.integer(mask, 0) >> position) & 1) === 1;
  return strides.map((stride, position) => ({
    index: isMasked("shrink_axis_mask", position) ? begins[position] : undefined,
    begin: isMasked("begin_mask", position) ? undefined : begins[position],
    end: isMasked("end_mask", position) ? undefined : ends[position],
    stride,
  }));
}

/** @throws ServingError `INVALID_ARGUMENT` for an index that is not there */
function cutOf(entry: Entry | undefined, size: number, axis: number): Cut {
  if (entry === undefined) {
    return { first: 0, count: size, stride: 1, isDropped: false };
  }
  const { begin, end, stride } = entry;
  if (entry.index !== undefined) {
    const index = fromFront(entry.index, size);
    if (index < 0 || index >= size) {
      throw invalidArgument(`slice index ${entry.index} of dimension ${axis} out of bounds.`);
    }
    return { first: index, count: 1, stride: 1, isDropped: true };
  }
  const [least, most] = stride > 0 ? [0, size] : [-1, size - 1];
  const within = (bound: number): number => Math.min(Math.max(fromFront(bound, size), least), most);
  const first = begin === undefined ? (stride > 0 ? least : most) : within(begin);
  const last = end === undefined ? (stride > 0 ? most : least) : within(end);
  return { first, count: Math.max(Math.ceil((last - first) / stride), 0), stride, isDropped: false };
}

function fromFront(bound: number, size: number): number {
  return bound < 0 ? bound + size : bound;
}
