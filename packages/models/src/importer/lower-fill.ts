import { intAttribute, textAttribute } from "../onnx/attribute.ts";
import { boundSizes } from "./bounded-size.ts";
import { asInt64, castTo, scalar, sizesOf, zeroOf } from "./convert.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** One value in every element of a shape. */
const fill: Lowering = (operation, graph) => {
  const [shape, value] = [boundSizes(asInt64(operation.input(0), graph), graph), operation.input(1)];
  return graph.apply("Expand", [value, shape], value.dtype);
};

/** Repeats a value along axes of size 1. */
const broadcastTo: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return graph.apply("Expand", [value, boundSizes(asInt64(operation.input(1), graph), graph)], value.dtype);
};

/** The shape that two shapes have when they are broadcast against each other: that of a sum. */
const broadcastArgs: Lowering = (operation, graph) => {
  const [a, b] = [operation.input(0), operation.input(1)];
  const zeros = [a, b].map((shape) => {
    return graph.apply("Expand", [zeroOf("int32", graph), boundSizes(asInt64(shape, graph), graph)], "int32");
  });
  return castTo(sizesOf(graph.apply("Add", zeros, "int32"), graph), a.dtype, graph);
};

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

/** The numbers from a start to before a limit. */
const range: Lowering = (operation, graph) => {
  const [start, limit, delta] = [operation.input(0), operation.input(1), operation.input(2)];
  const asFloat = (value: Value): Value => castTo(value, "float32", graph);
  const length = graph.apply("Sub", [asFloat(limit), asFloat(start)], "float32");
  const count = castTo(graph.apply("Div", [length, asFloat(delta)], "float32"), "int64", graph);
  const bound = graph.apply("Sub", [boundSizes(count, graph), count], "int64");
  const checked = graph.apply("Add", [start, castTo(bound, start.dtype, graph)], start.dtype);
  return graph.apply("Range", [checked, limit, delta], start.dtype);
};

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
  const bounded = boundSizes(asInt64(depth, graph), graph, graph.apply("Size", [given], "int64"));
  const steps = graph.apply("Range", [from, bounded, by], "int64");
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

function padsInColumns(operation: Operation, graph: OnnxGraph): Value {
  const pairs = operation.constantIntegers(1);
  if (pairs.some((count) => count < 0)) {
    operation.refuse("it pads by less than nothing");
  }
  return graph.integers([
    ...pairs.filter((_, index) => index % 2 === 0),
    ...pairs.filter((_, index) => index % 2 === 1),
  ]);
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
