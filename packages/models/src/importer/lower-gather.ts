import { intAttribute } from "../onnx/attribute.ts";
import { asInt64, scalar, sizesOf } from "./convert.ts";
import { failWhere, isBelow } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Takes slices along an axis, without batch dimensions, which have no form in ONNX. */
const gather: Lowering = (operation, graph) => {
  const axis = operation.inputs.length > 2 ? operation.constantInteger(2) : 0;
  return gatherAlong(operation, axis, graph);
};

/**
 * TensorFlow has no indices from the back: one is moved behind the end of the axis, where the engine refuses it, instead of
 * reading from the back as ONNX does.
 */
function gatherAlong(operation: Operation, axis: number, graph: OnnxGraph): Value {
  const [value, given] = [operation.input(0), asInt64(operation.input(1), graph)];
  const size = graph.apply("Gather", [graph.apply("Shape", [value], "int64"), graph.integers([axis])], "int64");
  const isNegative = graph.apply("Less", [given, graph.integers([0])], "bool");
  const checked = graph.apply("Where", [isNegative, size, given], "int64");
  const indices = graph.apply("Reshape", [checked, graph.apply("Shape", [given], "int64")], "int64", [
    intAttribute("allowzero", 1),
  ]);
  return graph.apply("Gather", [value, indices], value.dtype, [intAttribute("axis", axis)]);
}

/** Takes slices by coordinates, which stand along the last axis. Indices from the back are refused as in {@link gather}. */
const gatherNd: Lowering = (operation, graph) => {
  const [value, given] = [operation.input(0), asInt64(operation.input(1), graph)];
  const isNegative = graph.apply("Less", [given, graph.integers([0])], "bool");
  const beyond = graph.integers([Number.MAX_SAFE_INTEGER]);
  const indices = graph.apply("Where", [isNegative, beyond, given], "int64");
  return graph.apply("GatherND", [value, indices], value.dtype);
};

/** A part of each axis. A size of -1 reaches to the end; anything outside of the axis is refused, which ONNX would cut off. */
const slice: Lowering = (operation, graph) => {
  const [value, begin] = [operation.input(0), asInt64(operation.input(1), graph)];
  const size = asInt64(operation.input(2), graph);
  const whole = sizesOf(value, graph);
  const end = graph.apply(
    "Where",
    [isBelow(size, 0, graph), whole, graph.apply("Add", [begin, size], "int64")],
    "int64",
  );
  const outside = [
    isBelow(begin, 0, graph),
    isBelow(size, -1, graph),
    graph.apply("Less", [end, begin], "bool"),
    graph.apply("Less", [whole, end], "bool"),
  ];
  return graph.apply("Slice", [value, begin, failWhere(outside, end, graph)], value.dtype);
};

/** As many equal parts as the attribute says. Told their number alone, ONNX would make the last one smaller. */
const split: Lowering = (operation, graph) => {
  const [value, axis] = [operation.input(1), operation.constantInteger(0)];
  const parts = Array.from({ length: outputCount(operation, "num_split") }, () => value.dtype);
  const size = value.sizes?.at(axis);
  const sizes =
    size !== undefined && size % parts.length === 0
      ? graph.integers(parts.map(() => size / parts.length))
      : equalSizes(value, axis, parts.length, graph);
  return graph.applyToSeveral("Split", [value, sizes], parts, [intAttribute("axis", axis)]);
};

function equalSizes(value: Value, axis: number, count: number, graph: OnnxGraph): Value {
  const whole = graph.apply("Gather", [sizesOf(value, graph), graph.integers([axis])], "int64");
  const each = graph.apply("Div", [whole, scalar(count, "int64", graph)], "int64");
  return graph.apply("Expand", [each, graph.integers([count])], "int64");
}

/** Parts of given sizes, one of which may be -1: what the others leave. Any other negative one fails the run. */
const splitBySizes: Lowering = (operation, graph) => {
  const [value, given] = [operation.input(0), operation.input(1)];
  const at = operation.constantInteger(2);
  const known = given.constant === undefined ? undefined : operation.constantIntegers(1);
  const parts = Array.from({ length: known?.length ?? outputCount(operation, "num_split") }, () => value.dtype);
  const sizes = known?.every((size) => size >= 0) ? graph.integers(known) : sizesWithRest(value, given, at, graph);
  return graph.applyToSeveral("Split", [value, sizes], parts, [intAttribute("axis", at)]);
};

function sizesWithRest(value: Value, given: Value, axis: number, graph: OnnxGraph): Value {
  const sizes = asInt64(given, graph);
  const whole = graph.apply("Gather", [sizesOf(value, graph), graph.integers([axis])], "int64");
  const isRest = graph.apply("Equal", [sizes, graph.integers([-1])], "bool");
  const others = graph.apply("Where", [isRest, graph.integers([0]), sizes], "int64");
  const sum = graph.apply("ReduceSum", [others, graph.integers([0])], "int64", [intAttribute("keepdims", 1)]);
  const rest = graph.apply("Sub", [whole, sum], "int64");
  const all = graph.apply("Where", [isRest, rest, sizes], "int64");
  return failWhere([isBelow(all, 0, graph)], all, graph);
}

/** The slices along an axis, without that axis. Any other number of them than the attribute says fails the run. */
const unpack: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const axis = operation.integer("axis", 0);
  const slices = Array.from({ length: outputCount(operation, "num") }, () => value.dtype);
  const sizes = graph.integers(slices.map(() => 1));
  const parts = graph.applyToSeveral("Split", [value, sizes], slices, [intAttribute("axis", axis)]);
  return parts.map((part) => graph.apply("Squeeze", [part, graph.integers([axis])], part.dtype));
};

/** Turns the first steps of each sequence round, as many as it has. ONNX has sequences along the first two axes only. */
const reverseSequence: Lowering = (operation, graph) => {
  const [value, lengths] = [operation.input(0), asInt64(operation.input(1), graph)];
  const [steps, sequences] = [operation.integer("seq_dim", -1), operation.integer("batch_dim", 0)];
  if (steps + sequences !== 1 || steps * sequences !== 0) {
    operation.refuse(`its steps are along axis ${steps}, its sequences along axis ${sequences}`);
  }
  const axes = [intAttribute("time_axis", steps), intAttribute("batch_axis", sequences)];
  return graph.apply("ReverseSequence", [value, lengths], value.dtype, axes);
};

/** Most outputs that one operation of a published model has are some hundreds. */
const MAX_OUTPUTS = 4096;

function outputCount(operation: Operation, attribute: string): number {
  const count = operation.integer(attribute, 0);
  return count > 0 && count <= MAX_OUTPUTS ? count : operation.refuse(`it has ${count} outputs`);
}

/** Operations that take parts out of a tensor. */
export const gatherLowerings: Readonly<Record<string, Lowering>> = {
  Gather: gather,
  GatherV2: gather,
  ResourceGather: gather,
  GatherNd: gatherNd,
  Slice: slice,
  Split: split,
  SplitV: splitBySizes,
  Unpack: unpack,
  ReverseSequence: reverseSequence,
};
