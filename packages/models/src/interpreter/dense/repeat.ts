/** Operations that make a tensor out of copies: repeated, filled, joined. */
import { elementCount, invalidArgument, MAX_RANK, makeNumbers, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { indexTensor } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";
import { readShape, volume } from "../sparse/coordinates.ts";
import { broadcastStrides } from "./broadcast.ts";
import { stridesOf, walk } from "./walk.ts";

/** Fill: one value in every element of a shape. */
export const fillShape: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  return {
    outputs: [dtype],
    run: ([sizes, value]) => {
      const shape = readSizes(sizes);
      if (value?.shape.length !== 0) {
        throw invalidArgument("the value to fill a tensor with must be a scalar");
      }
      new OutputBudget().take(dtype, volume(shape));
      const elements = makeElements(dtype, volume(shape));
      elements.fill(value.data);
      return [{ dtype, shape, data: elements.data }];
    },
  };
};

/** ZerosLike: 0 in every element of the shape of another tensor. */
export const zerosLike: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: ([like]) => {
      const { shape, data } = like as Tensor;
      new OutputBudget().take(dtype, data.length);
      return [{ dtype, shape, data: makeNumbers(dtype, data.length) }];
    },
  };
};

/** Tile: a tensor repeated along each axis. */
export const tile: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: ([tensor, multiples], clock) => {
      const { shape, data } = tensor as Tensor;
      const repeats = readSizes(multiples);
      if (repeats.length !== shape.length) {
        throw invalidArgument(`a tensor of shape [${shape.join(",")}] is repeated along ${repeats.length} axes`);
      }
      const sizes = shape.map((size, axis) => size * (repeats[axis] as number));
      new OutputBudget().take(dtype, volume(sizes));
      const elements = makeElements(dtype, volume(sizes));
      const strides = stridesOf(shape);
      // Each axis as two: which copy, which does not move in the source, and the place in it.
      const split = shape.flatMap((size, axis) => [repeats[axis] as number, size]);
      const moves = strides.flatMap((stride) => [0, stride]);
      walk(split, [moves], (place, [at = 0]) => elements.copy(data, at, 1, place), clock);
      return [{ dtype, shape: sizes, data: elements.data }];
    },
  };
};

/** BroadcastTo: a tensor repeated along axes of size 1, and along new ones in front. */
export const broadcastTo: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: ([tensor, wanted], clock) => {
      const { shape, data } = tensor as Tensor;
      const sizes = readSizes(wanted);
      const isRepeated = (size: number, axis: number): boolean =>
        size === 1 || size === sizes[axis + sizes.length - shape.length];
      if (shape.length > sizes.length || !shape.every(isRepeated)) {
        throw invalidArgument(`Incompatible shapes: [${shape.join(",")}] vs. [${sizes.join(",")}]`);
      }
      new OutputBudget().take(dtype, volume(sizes));
      const elements = makeElements(dtype, volume(sizes));
      walk(
        sizes,
        [broadcastStrides(shape, sizes)],
        (place, [at = 0]) => {
          elements.copy(data, at, 1, place);
        },
        clock,
      );
      return [{ dtype, shape: sizes, data: elements.data }];
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` */
function readSizes(tensor: Tensor | undefined): readonly number[] {
  const sizes = readShape(tensor);
  if (sizes.length > MAX_RANK) {
    throw invalidArgument(`a tensor has at most ${MAX_RANK} axes, not ${sizes.length}`);
  }
  return sizes;
}

/** ConcatV2: tensors one behind the other along an axis, which is the last input. */
export const concatenation: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const given = operation.constantInteger(operation.inputs.length - 1);
  return {
    outputs: [dtype],
    run: (inputs) => {
      const parts = inputs.slice(0, -1);
      const [{ shape }] = parts as [Tensor];
      const axis = given < 0 ? given + shape.length : given;
      const isOdd = (part: Tensor): boolean =>
        part.shape.length !== shape.length || part.shape.some((size, at) => at !== axis && size !== shape[at]);
      if (shape[axis] === undefined || parts.some(isOdd)) {
        const shapes = parts.map((part) => `[${part.shape.join(",")}]`);
        throw invalidArgument(`tensors of shapes ${shapes.join(", ")} are not joined along axis ${given}`);
      }
      const length = parts.reduce((total, { data }) => total + data.length, 0);
      new OutputBudget().take(dtype, length);
      const elements = makeElements(dtype, length);
      const blocks = elementCount(shape.slice(0, axis));
      let at = 0;
      for (let block = 0; block < blocks; block++) {
        for (const { data } of parts) {
          const each = data.length / blocks;
          elements.copy(data, block * each, each, at);
          at += each;
        }
      }
      const size = parts.reduce((total, part) => total + (part.shape[axis] as number), 0);
      return [{ dtype, shape: shape.with(axis, size), data: elements.data }];
    },
  };
};

/** Range: whole numbers from the first input on, before the second, so far apart as the third says. */
export const countUp: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const type = dtype === "int32" || dtype === "int64" ? dtype : operation.refuse(`it counts in ${dtype}`);
  return {
    outputs: [type],
    run: (bounds) => {
      const [start = 0, limit = 0, step = 0] = bounds.map((bound) => wholeNumber(bound, "A bound of a range"));
      const length = Math.max(0, Math.ceil((limit - start) / step));
      if (step === 0 || (limit - start) * step < 0) {
        throw invalidArgument(`there is no range from ${start} to ${limit} by ${step}`);
      }
      new OutputBudget().take("float64", length * 2);
      return [
        indexTensor(
          type,
          [length],
          Array.from({ length }, (_, index) => start + index * step),
        ),
      ];
    },
  };
};
