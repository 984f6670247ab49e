import { encodeUtf8 } from "@sealserve/core";
import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { concatenate, expectStrings, stringsOf } from "./strings.ts";

/** ReduceJoin: joins the strings along axes, of which the first one listed varies fastest. No axes change nothing. */
export const reduceJoin: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const separator = encodeUtf8(operation.text("separator", ""));
  const keepDimensions = operation.flag("keep_dims", false);
  return {
    outputs: ["string"],
    run: ([tensor, reduced]) => {
      const input = tensor as Tensor;
      const axes = readAxes(reduced as Tensor, input.shape.length);
      return [axes.length === 0 ? input : joinAlong(input, axes, separator, keepDimensions)];
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` */
function readAxes({ data }: Tensor, rank: number): readonly number[] {
  const given =
    isNumberData(data) && data.length <= rank ? Array.from<number | bigint, number>(data, Number) : undefined;
  const axes = given?.map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes?.some((axis) => axis < 0 || axis >= rank) !== false || new Set(axes).size < axes.length) {
    throw invalidArgument(`Invalid reduction dimensions for input with ${rank} dimension(s)`);
  }
  return axes;
}

function joinAlong(input: Tensor, axes: readonly number[], separator: Uint8Array, keepDimensions: boolean): Tensor {
  const { shape } = input;
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const budget = new OutputBudget();
  // Either may be large although the input, which has a dimension of 0, is empty.
  budget.takeStrings(countAlong(shape, kept));
  budget.take("int64", countAlong(shape, axes));
  const starts = offsetsAlong(shape, kept.toReversed());
  const steps = offsetsAlong(shape, axes);
  const strings = stringsOf(input);
  return {
    dtype: "string",
    shape: keepDimensions
      ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      : kept.map((axis) => shape[axis] as number),
    data: starts.map((start) =>
      concatenate(
        steps.map((step) => strings[start + step] as Uint8Array),
        separator,
        budget,
      ),
    ),
  };
}

function countAlong(shape: readonly number[], axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * (shape[axis] as number), 1);
}

/** Offsets of the elements along some axes, of which the first one varies fastest. */
function offsetsAlong(shape: readonly number[], axes: readonly number[]): number[] {
  return axes.reduce(
    (offsets, axis) => {
      const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
      return Array.from({ length: shape[axis] as number }, (_, index) => index * stride).flatMap((start) =>
        offsets.map((offset) => start + offset),
      );
    },
    [0],
  );
}
