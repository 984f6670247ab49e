/** Kernels for what is not worth the way to the engine: changes of a shape, and arithmetic on the sizes in one. */
import { type DataType, elementCount, invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { makeElements } from "../elements.ts";
import { indexTensor, integerVector } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { stridesOf, walk } from "./walk.ts";

type Known = NodeOperation<KnownInput>;

/** The sizes of a tensor. */
export const shapeOf: MakeKernel = (operation) => {
  const dtype = operation.type("out_type", "int32");
  const type = dtype === "int32" || dtype === "int64" ? dtype : operation.refuse(`it gives sizes as ${dtype}`);
  return { outputs: [type], run: ([tensor]) => [indexTensor(type, [sizesOf(tensor).length], sizesOf(tensor))] };
};

/** How many elements a tensor has. */
export const sizeOf: MakeKernel = (operation) => {
  const dtype = operation.type("out_type", "int32");
  const type = dtype === "int32" || dtype === "int64" ? dtype : operation.refuse(`it gives a size as ${dtype}`);
  return { outputs: [type], run: ([tensor]) => [indexTensor(type, [], [elementCount(sizesOf(tensor))])] };
};

/** Squeeze: the same elements without some axes of size 1, or without any. */
export const squeeze: MakeKernel = (operation) => {
  const dropped = operation.integers("squeeze_dims");
  return {
    outputs: [operation.input(0).dtype],
    run: ([tensor]) => {
      const sizes = sizesOf(tensor);
      const axes = new Set(dropped.map((axis) => axisWithin(axis, sizes.length)));
      if ([...axes].some((axis) => sizes[axis] !== 1)) {
        throw invalidArgument(`Can not squeeze axes ${dropped.join(",")} of shape [${sizes.join(",")}]`);
      }
      const isKept = (size: number, axis: number): boolean => (axes.size === 0 ? size !== 1 : !axes.has(axis));
      return [{ ...(tensor as Tensor), shape: sizes.filter(isKept) }];
    },
  };
};

/** ExpandDims: the same elements with one more axis, of size 1. */
export const expandDims: MakeKernel = (operation) => {
  const axis = operation.constantInteger(1);
  return {
    outputs: [operation.input(0).dtype],
    run: ([tensor]) => {
      const sizes = sizesOf(tensor);
      return [{ ...(tensor as Tensor), shape: sizes.toSpliced(axisWithin(axis, sizes.length + 1), 0, 1) }];
    },
  };
};

/** Whether a cast between two types is one of {@link castWhole}. */
export function isWholeCast(operation: Known): boolean {
  const to = operation.type("DstT");
  return [operation.input(0).dtype, to].every((dtype) => wholeTypes.has(dtype)) && !operation.flag("Truncate", false);
}

const wholeTypes: ReadonlySet<DataType> = new Set(["int32", "int64", "bool"]);

/** Cast among truth values and whole numbers, of which the lower 32 bits are kept in 32 bits. */
export const castWhole: MakeKernel = (operation) => {
  const dtype = operation.type("DstT");
  return {
    outputs: [dtype],
    run: ([tensor]) => {
      const { shape, data } = tensor as Tensor;
      new OutputBudget().take(dtype, data.length);
      const cast = makeNumbers(dtype, data.length);
      for (let index = 0; index < data.length; index++) {
        cast[index] = convert(data[index] as number | bigint, dtype) as never;
      }
      return [{ dtype, shape, data: cast }];
    },
  };
};

function convert(value: number | bigint, dtype: DataType): number | bigint {
  if (dtype === "int64") {
    return BigInt(value);
  }
  if (dtype === "bool") {
    return Number(value) === 0 ? 0 : 1;
  }
  return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value;
}

/** Pack along a new first axis: tensors of one shape, one behind the other. */
export const packInFront: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: (parts) => {
      const [{ shape, data }] = parts as [Tensor];
      const odd = parts.find((part) => part.shape.join() !== shape.join());
      if (odd !== undefined) {
        throw invalidArgument(`Shapes of all inputs must match: [${shape.join(",")}] and [${odd.shape.join(",")}]`);
      }
      new OutputBudget().take(dtype, parts.length * data.length);
      const elements = makeElements(dtype, parts.length * data.length);
      for (const [place, part] of parts.entries()) {
        elements.set(part.data, place * data.length);
      }
      return [{ dtype, shape: [parts.length, ...shape], data: elements.data }];
    },
  };
};

/** Slice: a part of each axis. A size of -1 reaches to the end. */
export const slicePart: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: ([tensor, begin, size], clock) => {
      const sizes = sizesOf(tensor);
      const first = integerVector(begin, "The begin of a slice");
      const wanted = integerVector(size, "The size of a slice");
      if (first.length !== sizes.length || wanted.length !== sizes.length) {
        throw invalidArgument(`a slice of shape [${sizes.join(",")}] takes ${sizes.length} begins and sizes`);
      }
      const shape = sizes.map((whole, axis) => partOf(whole, first[axis] as number, wanted[axis] as number));
      new OutputBudget().take(dtype, elementCount(shape));
      const strides = stridesOf(sizes);
      const start = strides.reduce((sum, stride, axis) => sum + stride * (first[axis] as number), 0);
      const [data, part] = [(tensor as Tensor).data, makeNumbers(dtype, elementCount(shape))];
      walk(
        shape,
        [strides],
        (place, [at = 0]) => {
          part[place] = data[start + at] as never;
        },
        clock,
      );
      return [{ dtype, shape, data: part }];
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` for a part that is not all there */
function partOf(whole: number, begin: number, size: number): number {
  const count = size === -1 ? whole - begin : size;
  if (begin < 0 || count < 0 || begin + count > whole) {
    throw invalidArgument(`a slice of ${size} from ${begin} on is not in an axis of ${whole}`);
  }
  return count;
}

/** Square roots, which IEEE 754 rounds in one way; those of 32 bits are rounded twice without harm. */
export const squareRoots: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: ([tensor]) => {
      const { shape, data } = tensor as Tensor;
      const roots = makeNumbers(dtype, data.length);
      for (let index = 0; index < data.length; index++) {
        roots[index] = Math.sqrt(Number(data[index])) as never;
      }
      return [{ dtype, shape, data: roots }];
    },
  };
};

/** NotEqual of scalars. */
export const differ: MakeKernel = () => ({
  outputs: ["bool"],
  run: ([a, b]) => [{ dtype: "bool", shape: [], data: Uint8Array.of(a?.data[0] === b?.data[0] ? 0 : 1) }],
});

/** Range of constants: whole numbers from the first on, before the second, so far apart as the third says. */
export const rangeOf: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const type = dtype === "int32" || dtype === "int64" ? dtype : operation.refuse(`it counts in ${dtype}`);
  const [start, step] = [operation.constantInteger(0), operation.constantInteger(2)];
  const values = Array.from({ length: rangeLength(operation) }, (_, index) => start + index * step);
  return { outputs: [type], run: () => [indexTensor(type, [values.length], values)] };
};

/** How many numbers a range of constants has, at most 0 for one that goes the other way; NaN for one without a step. */
export function rangeLength(operation: Known): number {
  const [start = 0, limit = 0, step = 0] = [0, 1, 2].map((position) => operation.constantInteger(position));
  return step === 0 ? Number.NaN : Math.ceil((limit - start) / step);
}

function sizesOf(tensor: Tensor | undefined): readonly number[] {
  return (tensor as Tensor).shape;
}

/** @throws ServingError `INVALID_ARGUMENT` */
function axisWithin(axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) {
    throw invalidArgument(`axis ${axis} is not in [${-rank}, ${rank})`);
  }
  return axis < 0 ? axis + rank : axis;
}
