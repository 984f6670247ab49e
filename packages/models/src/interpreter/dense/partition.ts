import { type DataType, elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { integersOf } from "../integers.ts";
import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";

/** Slices that are copied between two looks at the clock. */
const SLICES_BETWEEN_CHECKS = 2 ** 14;
/** Parts of one operation; published models have some hundred. */
const MAX_PARTS = 4096;

/** Whether the interpreter moves elements of a type. */
function isMovable(dtype: DataType): boolean {
  return dtype !== "resource" && dtype !== "variant" && !dtype.startsWith("complex");
}

/** DynamicPartition: slices by the number of the part that each goes to. */
export const partition: MakeKernel = (operation) => {
  const parts = operation.integer("num_partitions", 0);
  const { dtype } = operation.input(0);
  if (parts < 1 || parts > MAX_PARTS || !isMovable(dtype)) {
    operation.refuse(`it makes ${parts} parts of ${dtype}`);
  }
  return {
    outputs: Array.from({ length: parts }, () => dtype),
    run: ([tensor, numbers], clock) => {
      const { shape, data } = tensor as Tensor;
      const places = integersOf(numbers, "Partitions");
      const outer = numbers?.shape ?? [];
      const outside = places.find((part) => part < 0 || part >= parts);
      if (outer.some((size, axis) => size !== shape[axis]) || outside !== undefined) {
        throw invalidArgument(
          `partitions of shape [${outer.join(",")}] do not fit data of shape [${shape.join(",")}], or ${outside} is not in [0, ${parts})`,
        );
      }
      const inner = shape.slice(outer.length);
      new OutputBudget().take(dtype, data.length);
      const chosen = Array.from({ length: parts }, (): number[] => []);
      for (const [slice, part] of places.entries()) {
        chosen[part]?.push(slice);
      }
      return chosen.map((slices) => {
        const elements = copySlices(data, slices.entries(), {
          dtype,
          count: slices.length,
          size: elementCount(inner),
          clock,
        });
        return { dtype, shape: [slices.length, ...inner], data: elements };
      });
    },
  };
};

/** DynamicStitch: slices of several tensors, each to the place that is given for it; of several for one place the last. */
export const stitch: MakeKernel = (operation) => {
  const tensors = operation.inputs.length / 2;
  const dtype = operation.inputs[tensors]?.dtype;
  if (
    dtype === undefined ||
    !isMovable(dtype) ||
    operation.inputs.slice(tensors).some((input) => input.dtype !== dtype)
  ) {
    return operation.refuse(`it has ${operation.inputs.length} inputs of ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: (inputs, clock) => {
      const sources = inputs
        .slice(0, tensors)
        .map((places, index) => readSource(places, inputs[tensors + index] as Tensor));
      const inner = sources[0]?.inner ?? [];
      if (sources.some((source) => source.inner.join() !== inner.join())) {
        throw invalidArgument("the data to stitch have slices of different shapes");
      }
      const count = sources.reduce(
        (most, { places }) => places.reduce((high, place) => Math.max(high, place + 1), most),
        0,
      );
      const size = elementCount(inner);
      new OutputBudget().take(dtype, count * size);
      const elements = makeElements(dtype, count * size);
      for (const { places, data } of sources) {
        for (const [slice, place] of places.entries()) {
          lookAtClock(slice, clock);
          elements.copy(data, slice * size, size, place * size);
        }
      }
      return [{ dtype, shape: [count, ...inner], data: elements.data }];
    },
  };
};

function readSource(indices: Tensor, { shape, data }: Tensor) {
  const places = integersOf(indices, "Indices");
  const fits = indices.shape.every((size, axis) => size === shape[axis]);
  if (!fits || places.some((place) => place < 0)) {
    throw invalidArgument(
      `indices of shape [${indices.shape.join(",")}] do not fit data of shape [${shape.join(",")}], or one is negative`,
    );
  }
  return { places, data, inner: shape.slice(indices.shape.length) };
}

interface Copying {
  readonly dtype: DataType;
  /** Number of slices, and of elements in each. */
  readonly count: number;
  readonly size: number;
  readonly clock: Clock | undefined;
}

function copySlices(
  data: Tensor["data"],
  moves: Iterable<[to: number, from: number]>,
  { dtype, count, size, clock }: Copying,
): Tensor["data"] {
  const elements = makeElements(dtype, count * size);
  for (const [to, from] of moves) {
    lookAtClock(to, clock);
    elements.copy(data, from * size, size, to * size);
  }
  return elements.data;
}

function lookAtClock(slice: number, clock: Clock | undefined): void {
  if (slice % SLICES_BETWEEN_CHECKS === 0) {
    clock?.expectTime();
  }
}
