import type { Tensor } from "@sealserve/protocol";

import { readInt, readInts } from "../onnx/attribute.ts";
import type { AttributeProto } from "../onnx/schema.ts";
import { isElementwise } from "./elementwise-types.ts";

/** What is known of a shape before the model runs; undefined for an axis of any size. */
export type Sizes = readonly (number | undefined)[];

/** What is known of an input. */
interface Known {
  readonly sizes?: Sizes | undefined;
  /** Set for constants. */
  readonly constant?: Tensor;
}

/** Gives the sizes of an operation's outputs, which all have the same; undefined when not even their number is known. */
type Infer = (inputs: readonly (Known | undefined)[], attributes: readonly AttributeProto[]) => Sizes | undefined;

const asFirst: Infer = ([value]) => value?.sizes;

/** As many axes as the input has. */
const unknownOfSameRank: Infer = ([value]) => value?.sizes?.map(() => undefined);

const broadcast: Infer = (inputs) => {
  const given = inputs.filter((input) => input !== undefined).map(({ sizes }) => sizes);
  const known = given.filter((sizes) => sizes !== undefined);
  if (known.length < given.length) {
    return undefined;
  }
  const rank = Math.max(...known.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const along = known.flatMap((sizes) => (axis < rank - sizes.length ? [] : [sizes[axis - rank + sizes.length]]));
    // An axis of size 1 is repeated, so any other size is that of the result, and else one that is not known may be.
    return along.find((size) => size !== undefined && size !== 1) ?? (along.includes(undefined) ? undefined : 1);
  });
};

/** Entries along an axis, by numbers of which at least the axes are known. */
const gather: Infer = ([value, places], attributes) => {
  const axis = readInt(attributes, "axis") ?? 0;
  return value?.sizes && places?.sizes && axis >= 0
    ? [...value.sizes.slice(0, axis), ...places.sizes, ...value.sizes.slice(axis + 1)]
    : undefined;
};

const transpose: Infer = ([value], attributes) => readInts(attributes, "perm")?.map((axis) => value?.sizes?.[axis]);

const convolution: Infer = ([image, filter]) =>
  filter?.sizes?.map((_, axis) => (axis === 0 ? image?.sizes?.[0] : axis === 1 ? filter.sizes?.[0] : undefined));

const pool: Infer = ([image], attributes) => {
  const kernel = readInts(attributes, "kernel_shape");
  return kernel && [image?.sizes?.[0], image?.sizes?.[1], ...kernel.map(() => undefined)];
};

const matrixProduct: Infer = ([a, b]) =>
  a?.sizes !== undefined && a.sizes.length >= 2 && b?.sizes?.length === 2
    ? [...a.sizes.slice(0, -1), b.sizes[1]]
    : undefined;

/** All parts are as large along the axis, or their sizes there are not known. */
const split: Infer = ([value, parts], attributes) => {
  const axis = readInt(attributes, "axis") ?? 0;
  const [first, ...others] = integersOf(parts) ?? [];
  const each = others.every((size) => size === first) ? first : undefined;
  return value?.sizes?.map((size, at, { length }) => (at === (axis < 0 ? axis + length : axis) ? each : size));
};

/** The target is constant, or at least its length is known. */
const reshape: Infer = ([, target]) =>
  integersOf(target)?.map((size) => (size < 0 ? undefined : size)) ?? axesCountedBy(target);

function axesCountedBy(shape: Known | undefined): Sizes | undefined {
  const [rank] = shape?.sizes ?? [];
  return rank === undefined ? undefined : Array.from({ length: rank }, () => undefined);
}

const shape: Infer = ([value], attributes) => {
  const rank = value?.sizes?.length;
  const [start, end] = [readInt(attributes, "start") ?? 0, readInt(attributes, "end")];
  return rank === undefined ? [undefined] : [Array.from({ length: rank }).slice(start, end).length];
};

const concatenation: Infer = (inputs, attributes) => {
  const [first] = inputs;
  const axis = readInt(attributes, "axis") ?? 0;
  const joined = axis < 0 ? axis + (first?.sizes?.length ?? 0) : axis;
  const parts = inputs.map((input) => input?.sizes?.[joined]);
  const whole = parts.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
  return first?.sizes?.map((size, at) => (at === joined ? whole : size));
};

const unsqueeze: Infer = ([value, axes]) => {
  const added = integersOf(axes);
  if (value?.sizes === undefined || added === undefined) {
    return undefined;
  }
  const rank = value.sizes.length + added.length;
  const places = new Set(added.map((axis) => (axis < 0 ? axis + rank : axis)));
  const left = [...value.sizes];
  return Array.from({ length: rank }, (_, axis) => (places.has(axis) ? 1 : left.shift()));
};

const squeeze: Infer = ([value, axes]) => {
  const dropped = integersOf(axes);
  return dropped && value?.sizes && withoutAxes(value.sizes, dropped);
};

const reduction: Infer = ([value, axes], attributes) => {
  const reduced = integersOf(axes);
  if (value?.sizes === undefined || reduced === undefined) {
    return undefined;
  }
  const rank = value.sizes.length;
  const isReduced = new Set(reduced.map((axis) => (axis < 0 ? axis + rank : axis)));
  return readInt(attributes, "keepdims") === 0
    ? withoutAxes(value.sizes, reduced)
    : value.sizes.map((size, axis) => (isReduced.has(axis) ? 1 : size));
};

function withoutAxes(sizes: Sizes, axes: readonly number[]): Sizes {
  const dropped = new Set(axes.map((axis) => (axis < 0 ? axis + sizes.length : axis)));
  return sizes.filter((_, axis) => !dropped.has(axis));
}

function integersOf(value: Known | undefined): number[] | undefined {
  const data = value?.constant?.data;
  return data instanceof BigInt64Array ? Array.from(data, Number) : undefined;
}

const byType: ReadonlyMap<string, Infer> = new Map([
  ["AveragePool", pool],
  ["BatchNormalization", asFirst],
  ["Concat", concatenation],
  ["Conv", convolution],
  ["Gather", gather],
  ["LogSoftmax", asFirst],
  ["MatMul", matrixProduct],
  ["MaxPool", pool],
  ["Pad", unknownOfSameRank],
  ["ReduceMax", reduction],
  ["ReduceMean", reduction],
  ["ReduceMin", reduction],
  ["ReduceProd", reduction],
  ["ReduceSum", reduction],
  ["Reshape", reshape],
  ["Resize", unknownOfSameRank],
  ["Shape", shape],
  ["Slice", unknownOfSameRank],
  ["Softmax", asFirst],
  ["Split", split],
  ["Squeeze", squeeze],
  ["Transpose", transpose],
  ["Unsqueeze", unsqueeze],
]);

/**
 * What an ONNX operation's type, inputs and attributes tell of the shape of each of its outputs (ONNX operator set 18). It
 * holds for every run that does not fail at the operation or before.
 */
export function inferSizes(
  opType: string,
  inputs: readonly (Known | undefined)[],
  attributes: readonly AttributeProto[],
): Sizes | undefined {
  return (isElementwise(opType) ? broadcast : byType.get(opType))?.(inputs, attributes);
}
