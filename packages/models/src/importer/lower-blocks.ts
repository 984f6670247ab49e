import { intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { boundSizes } from "./bounded-size.ts";
import { asInt64, sizesOf } from "./convert.ts";
import { failWhere, isBelow } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/**
 * Pads, and takes every n-th row, column and so on into an image of its own: so dilated convolutions are made of plain ones.
 * Sizes that blocks do not fit into fail the run, since parts of them are not all elements.
 */
const spaceToBatch: Lowering = (operation, graph) => {
  const block = readBlock(operation);
  const value = pad(operation.input(0), block.length, readEnds(operation, block.length, graph), graph);
  const { batch, spatial, inner, innerCount } = sizesAround(value, block.length, graph);
  const parts = graph.apply("Div", [spatial, graph.integers(block)], "int64");
  const apart = reshape(value, [batch, interleave(parts, graph.integers(block), graph), innerCount], graph);
  const axes = [...block.keys()];
  const order = [...axes.map((axis) => 2 * axis + 2), 0, ...axes.map((axis) => 2 * axis + 1), 2 * block.length + 1];
  const images = graph.apply("Mul", [batch, graph.integers([productOf(block)])], "int64");
  return reshape(transpose(apart, order, graph), [images, parts, inner], graph);
};

/** The way back, which cuts off behind that. */
const batchToSpace: Lowering = (operation, graph) => {
  const block = readBlock(operation);
  const value = operation.input(0);
  const { befores, afters } = readEnds(operation, block.length, graph);
  const { batch, spatial, inner, innerCount } = sizesAround(value, block.length, graph);
  const images = graph.apply("Div", [batch, graph.integers([productOf(block)])], "int64");
  const apart = reshape(value, [graph.integers(block), images, spatial, innerCount], graph);
  const axes = [...block.keys()];
  const order = [block.length, ...axes.flatMap((axis) => [block.length + 1 + axis, axis]), 2 * block.length + 1];
  const sizes = graph.apply("Mul", [spatial, graph.integers(block)], "int64");
  const whole = reshape(transpose(apart, order, graph), [images, sizes, inner], graph);
  const ends = graph.apply("Sub", [sizes, afters], "int64");
  const left = graph.apply("Sub", [ends, befores], "int64");
  const starts = failWhere([isBelow(left, 0, graph)], befores, graph);
  return graph.apply("Slice", [whole, starts, ends, spatialAxes(block.length, graph)], value.dtype);
};

/** How large the blocks are along the axes behind the first one. */
function readBlock(operation: Operation): readonly number[] {
  const block = operation.constantIntegers(1);
  if (block.length === 0 || block.some((size) => size < 1)) {
    operation.refuse(`its blocks are [${block.join(",")}]`);
  }
  return block;
}

/** What is added or cut off at each end of the axes that have blocks. */
interface Ends {
  readonly befores: Value;
  readonly afters: Value;
}

/** Pairs for so many axes; the run fails where a number is below 0. */
function readEnds(operation: Operation, axes: number, graph: OnnxGraph): Ends {
  const pairs = reshape(asInt64(operation.input(2), graph), [graph.integers([axes, 2])], graph);
  const checked = failWhere([isBelow(pairs, 0, graph)], pairs, graph);
  const [befores, afters] = graph.applyToSeveral(
    "Split",
    [checked, graph.integers([1, 1])],
    ["int64", "int64"],
    [intAttribute("axis", 1)],
  ) as [Value, Value];
  return { befores: flat(befores, graph), afters: flat(afters, graph) };
}

function flat(column: Value, graph: OnnxGraph): Value {
  return graph.apply("Squeeze", [column, graph.integers([1])], "int64");
}

/** Zeros at both ends of so many axes behind the first one; the run fails where they are far too many. */
function pad(value: Value, axes: number, { befores, afters }: Ends, graph: OnnxGraph): Value {
  const { batch, spatial, innerCount } = sizesAround(value, axes, graph);
  const grown = graph.apply("Add", [spatial, graph.apply("Add", [befores, afters], "int64")], "int64");
  const bounded = boundSizes(grown, graph, graph.apply("Mul", [batch, innerCount], "int64"));
  const left = graph.apply("Sub", [graph.apply("Sub", [bounded, spatial], "int64"), befores], "int64");
  const pads = concatenate([befores, left], graph);
  return graph.apply("Pad", [value, pads, undefined, spatialAxes(axes, graph)], value.dtype);
}

/** The axes behind the first one. */
function spatialAxes(axes: number, graph: OnnxGraph): Value {
  return graph.integers(Array.from({ length: axes }, (_, axis) => axis + 1));
}

/** Sizes of the first axis, of those that have blocks, and of those behind, each as a vector. */
function sizesAround(value: Value, axes: number, graph: OnnxGraph) {
  const inner = sizesOf(value, graph, axes + 1);
  return {
    batch: sizesOf(value, graph, 0, 1),
    spatial: sizesOf(value, graph, 1, axes + 1),
    inner,
    /** Elements along all the inner axes. */
    innerCount: graph.apply("ReduceProd", [inner, graph.integers([0])], "int64"),
  };
}

/** The first of one vector, the first of the other, the second of the one and so on. */
function interleave(a: Value, b: Value, graph: OnnxGraph): Value {
  const columns = [a, b].map((vector) => graph.apply("Unsqueeze", [vector, graph.integers([1])], "int64"));
  const pairs = graph.apply("Concat", columns, "int64", [intAttribute("axis", 1)]);
  return reshape(pairs, [graph.integers([-1])], graph);
}

function concatenate(vectors: readonly Value[], graph: OnnxGraph): Value {
  return graph.apply("Concat", vectors, "int64", [intAttribute("axis", 0)]);
}

/** The elements in a shape that is given in parts. */
function reshape(value: Value, shape: readonly Value[], graph: OnnxGraph): Value {
  const [only, ...others] = shape;
  const whole = others.length === 0 ? only : concatenate(shape, graph);
  return graph.apply("Reshape", [value, whole], value.dtype, [intAttribute("allowzero", 1)]);
}

function transpose(value: Value, order: readonly number[], graph: OnnxGraph): Value {
  return graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", order)]);
}

function productOf(numbers: readonly number[]): number {
  return numbers.reduce((product, number) => product * number, 1);
}

/** Operations that trade rows and columns for images. */
export const blockLowerings: Readonly<Record<string, Lowering>> = {
  BatchToSpaceND: batchToSpace,
  SpaceToBatchND: spaceToBatch,
};
