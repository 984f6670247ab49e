import { intAttribute, textAttribute } from "../onnx/attribute.ts";
import { boundSizes } from "./bounded-size.ts";
import { asInt64, castTo, scalar, sizesOf, zeroOf } from "./convert.ts";
import { failWhere, isBelow } from "./fail-where.ts";
import { knownNumbers } from "./known-numbers.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** One value in every element of a shape. */
const fill: Lowering = (operation, graph) => {
  const [shape, value] = [boundSizes(asInt64(operation.input(0), graph), graph), operation.input(1)];
  const sizes = knownNumbers(operation.input(0), graph);
  return graph.apply("Expand", [reshape(value, graph.integers([]), graph), shape], value.dtype, [], sizes);
};

/** Repeats a value along axes of size 1. The result has the shape that is asked for; ONNX would keep larger axes. */
const broadcastTo: Lowering = (operation, graph) => {
  const [value, shape] = [operation.input(0), boundSizes(asInt64(operation.input(1), graph), graph)];
  return reshape(graph.apply("Expand", [value, shape], value.dtype), shape, graph);
};

/** The same elements in another shape; the run fails when they do not fit it. */
function reshape(value: Value, shape: Value, graph: OnnxGraph): Value {
  return graph.apply("Reshape", [value, shape], value.dtype, [intAttribute("allowzero", 1)]);
}

/** The shape that two shapes have when they are broadcast against each other. Nothing of that shape is made. */
const broadcastArgs: Lowering = (operation, graph) => {
  const { dtype } = operation.input(0);
  const shapes = [0, 1].map((position) => asInt64(operation.input(position), graph));
  const [a, b] = raiseRanks(shapes as [Value, Value], graph);
  const [isOneA, isOneB] = [a, b].map((sizes) => graph.apply("Equal", [sizes, graph.integers([1])], "bool"));
  const isOne = graph.apply("Or", [isOneA, isOneB], "bool");
  const fits = graph.apply("Or", [isOne, graph.apply("Equal", [a, b], "bool")], "bool");
  const sizes = graph.apply("Where", [isOneA, b, a], "int64");
  return castTo(failWhere([graph.apply("Not", [fits], "bool")], sizes, graph), dtype, graph);
};

/** Puts axes of size 1 in front of the shape that has fewer. */
function raiseRanks([a, b]: readonly [Value, Value], graph: OnnxGraph): [Value, Value] {
  const [rankA, rankB] = [sizesOf(a, graph), sizesOf(b, graph)];
  const raise = (shape: Value, rank: Value, other: Value): Value => {
    const missing = graph.apply("Sub", [graph.apply("Max", [rank, other], "int64"), rank], "int64");
    const ones = graph.apply("Expand", [graph.integers([1]), missing], "int64");
    return graph.apply("Concat", [ones, shape], "int64", [intAttribute("axis", 0)]);
  };
  return [raise(a, rankA, rankB), raise(b, rankB, rankA)];
}

const tile: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const repeats = boundSizes(asInt64(operation.input(1), graph), graph, graph.apply("Size", [value], "int64"));
  return graph.apply("Tile", [value, repeats], value.dtype);
};

/** A tensor of the same shape that is filled with one number. */
function filledLike(value: 0 | 1): Lowering {
  return (operation, graph) => {
    const like = operation.input(0);
    return graph.apply("Expand", [scalar(value, like.dtype, graph), sizesOf(like, graph)], like.dtype);
  };
}

/**
 * The numbers from a start to before a limit, which must lie in the direction of the steps. Those of int64 are counted from
 * 0, since the engine looks at both ends in float64.
 */
const range: Lowering = (operation, graph) => {
  const [start, limit, delta] = [operation.input(0), operation.input(1), operation.input(2)];
  const { dtype } = start;
  if (dtype === "int64") {
    const length = graph.apply("Sub", [limit, start], dtype);
    const numbers = boundedRange(zeroOf(dtype, graph), length, delta, graph);
    return graph.apply("Add", [numbers, start], dtype);
  }
  return boundedRange(start, limit, delta, graph);
};

function boundedRange(start: Value, limit: Value, delta: Value, graph: OnnxGraph): Value {
  const [from, to, by] = [start, limit, delta].map((value) => castTo(value, "float32", graph));
  const steps = graph.apply("Div", [graph.apply("Sub", [to, from], "float32"), by], "float32");
  // Bounded as floats: what is beyond int64 would become any number, and so might pass.
  const bounded = castTo(boundSizes(steps, graph), "int64", graph);
  const count = failWhere([isBelow(steps, 0, graph)], bounded, graph);
  const nothing = graph.apply("Sub", [count, count], "int64");
  const checked = graph.apply("Add", [start, castTo(nothing, start.dtype, graph)], start.dtype);
  return graph.apply("Range", [checked, limit, delta], start.dtype);
}

const size: Lowering = (operation, graph) => {
  const count = graph.apply("Size", [operation.input(0)], "int64");
  return castTo(count, operation.type("out_type", "int32"), graph);
};

const rank: Lowering = (operation, graph) => {
  return castTo(graph.apply("Size", [sizesOf(operation.input(0), graph)], "int64"), "int32", graph);
};

/** A new last axis, on in the place that an index says. An index from the back has no place, unlike in ONNX. */
const oneHot: Lowering = (operation, graph) => {
  const [given, depth, on, off] = [0, 1, 2, 3].map((position) => operation.input(position)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  if (operation.integer("axis", -1) !== -1) {
    operation.refuse("its axis is not the last one");
  }
  const places = graph.apply("Unsqueeze", [asInt64(given, graph), graph.integers([-1])], "int64");
  const [from, by] = [zeroOf("int64", graph), scalar(1, "int64", graph)];
  const count = asInt64(depth, graph);
  const bounded = boundSizes(count, graph, graph.apply("Size", [given], "int64"));
  const checked = failWhere([isBelow(count, 0, graph)], bounded, graph);
  const steps = graph.apply("Range", [from, checked, by], "int64");
  return graph.apply("Where", [graph.apply("Equal", [places, steps], "bool"), on, off], on.dtype);
};

/** Adds elements before and behind along each axis. TensorFlow has a pair for each axis, ONNX first all befores. */
function pad(mode: "constant" | "reflect"): Lowering {
  return (operation, graph) => {
    const [value, fillValue] = [operation.input(0), operation.inputs[2]];
    const pads = padsInColumns(operation, graph);
    return graph.apply("Pad", [value, pads, fillValue], value.dtype, [textAttribute("mode", mode)]);
  };
}

/** How many times larger padding may make a tensor: a pixel may become an image of 4096 rows and columns. */
const MAX_GROWTH = 2 ** 24;

function padsInColumns(operation: Operation, graph: OnnxGraph): Value {
  const pairs = operation.constantIntegers(1);
  if (pairs.some((count) => count < 0)) {
    operation.refuse("it pads by less than nothing");
  }
  const [befores, afters] = [0, 1].map((side) => pairs.filter((_, index) => index % 2 === side)) as [
    number[],
    number[],
  ];
  if (befores.reduce((growth, before, axis) => growth * (1 + before + (afters[axis] ?? 0)), 1) > MAX_GROWTH) {
    operation.refuse("it pads by far more than any published model");
  }
  return graph.integers([...befores, ...afters]);
}

const mirrorPad: Lowering = (operation, graph) => {
  const mode = operation.text("mode", "");
  return mode === "REFLECT" ? pad("reflect")(operation, graph) : operation.refuse(`its mode is ${mode}`);
};

/** Turns axes round. */
const reverse: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const axes = operation.constantIntegers(1);
  const each = (bound: number): Value => graph.integers(axes.map(() => bound));
  const bounds = [each(-1), each(-Number.MAX_SAFE_INTEGER), graph.integers(axes), each(-1)];
  return axes.length === 0 ? value : graph.apply("Slice", [value, ...bounds], value.dtype);
};

/** Sums of all elements up to each one. */
const cumulativeSum: Lowering = (operation, graph) => {
  const [value, axis] = [operation.input(0), asInt64(operation.input(1), graph)];
  const flags = ["exclusive", "reverse"].map((name) => intAttribute(name, operation.flag(name, false) ? 1 : 0));
  return graph.apply("CumSum", [value, axis], value.dtype, flags);
};

/** Operations that make tensors larger, or out of numbers. */
export const fillLowerings: Readonly<Record<string, Lowering>> = {
  Fill: fill,
  BroadcastTo: broadcastTo,
  BroadcastArgs: broadcastArgs,
  Tile: tile,
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
  Range: range,
  Size: size,
  Rank: rank,
  OneHot: oneHot,
  Pad: pad("constant"),
  PadV2: pad("constant"),
  MirrorPad: mirrorPad,
  ReverseV2: reverse,
  Cumsum: cumulativeSum,
};
