import { intAttribute, intsAttribute, textAttribute } from "../onnx/attribute.ts";
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

/** How many axes stand behind a new one. */
function axesBehind(operation: Operation, axis: number): number {
  const axes = operation.input(0).sizes?.length;
  return axes === undefined || axis < 0 || axis > axes ? operation.refuse("its axis is not the last one") : axes - axis;
}

/** A new axis, the last one by default, on in the place that an index says. An index from the back has no place, unlike in ONNX. */
const oneHot: Lowering = (operation, graph) => {
  const [given, depth, on, off] = [0, 1, 2, 3].map((position) => operation.input(position)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const axis = operation.integer("axis", -1);
  const behind = axis === -1 ? 0 : axesBehind(operation, axis);
  const places = graph.apply("Unsqueeze", [asInt64(given, graph), graph.integers([axis])], "int64");
  const [from, by] = [zeroOf("int64", graph), scalar(1, "int64", graph)];
  const count = asInt64(depth, graph);
  const bounded = boundSizes(count, graph, graph.apply("Size", [given], "int64"));
  const checked = failWhere([isBelow(count, 0, graph)], bounded, graph);
  const all = graph.apply("Range", [from, checked, by], "int64");
  const steps = behind === 0 ? all : reshape(all, graph.integers([-1, ...Array(behind).fill(1)]), graph);
  return graph.apply("Where", [graph.apply("Equal", [places, steps], "bool"), on, off], on.dtype);
};

/** Adds elements before and behind along each axis. TensorFlow has a pair for each axis, ONNX first all befores. */
function pad(mode: "constant" | "reflect"): Lowering {
  return (operation, graph) => {
    const [value, pairs, fillValue] = [operation.input(0), operation.input(1), operation.inputs[2]];
    const pads = pairs.constant === undefined ? computedPads(value, pairs, graph) : padsInColumns(operation, graph);
    return graph.apply("Pad", [value, pads, fillValue], value.dtype, [textAttribute("mode", mode)]);
  };
}

/** Pads that only the run knows: none is below 0, and what they make of the value is bounded. */
function computedPads(value: Value, pairs: Value, graph: OnnxGraph): Value {
  const given = asInt64(pairs, graph);
  const added = graph.apply("ReduceSum", [given, graph.integers([1])], "int64", [intAttribute("keepdims", 0)]);
  const sizes = boundSizes(graph.apply("Add", [sizesOf(value, graph), added], "int64"), graph);
  const nothing = graph.apply("Sub", [sizes, sizes], "int64");
  const columns = graph.apply("Transpose", [given], "int64", [intsAttribute("perm", [1, 0])]);
  const bounded = graph.apply("Add", [failWhere([isBelow(given, 0, graph)], columns, graph), nothing], "int64");
  return graph.apply("Reshape", [bounded, graph.integers([-1])], "int64");
}

/** How many times larger padding may make a tensor: a pixel may become an image of 4096 rows and columns. */
const MAX_GROWTH = 2 ** 24;

function padsInColumns(operation: Operation, graph: OnnxGraph): Value {
  const [befores, afters] = constantPads(operation);
  return graph.integers([...befores, ...afters]);
}

function constantPads(operation: Operation): readonly [befores: readonly number[], afters: readonly number[]] {
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
  return [befores, afters];
}

const mirrorPad: Lowering = (operation, graph) => {
  const mode = operation.text("mode", "");
  if (mode === "REFLECT") {
    return pad("reflect")(operation, graph);
  }
  return mode === "SYMMETRIC" ? padSymmetrically(operation, graph) : operation.refuse(`its mode is ${mode}`);
};

/** Mirrors what is next to each end, its last row included, one axis after the other. */
function padSymmetrically(operation: Operation, graph: OnnxGraph): Value {
  const [befores, afters] = constantPads(operation);
  return befores.reduce((value, before, axis) => {
    const behind = afters[axis] ?? 0;
    const rows = sizesOf(value, graph, axis, axis + 1);
    // Of fewer rows than are mirrored, a part would be missing.
    const tooFew = graph.apply("Less", [rows, graph.integers([Math.max(before, behind)])], "bool");
    const from = (place: number): Value => failWhere([tooFew], graph.integers([place]), graph);
    const part = (start: Value, to: number): Value =>
      graph.apply(
        "Slice",
        [value, start, graph.integers([to]), graph.integers([axis]), graph.integers([-1])],
        value.dtype,
      );
    const parts = [
      ...(before > 0 ? [part(from(before - 1), -Number.MAX_SAFE_INTEGER)] : []),
      value,
      ...(behind > 0 ? [part(from(-1), -behind - 1)] : []),
    ];
    const joined = graph.apply("Concat", parts, value.dtype, [intAttribute("axis", axis)]);
    return before + behind === 0 ? value : joined;
  }, operation.input(0));
}

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
