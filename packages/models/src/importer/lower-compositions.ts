import { intAttribute } from "../onnx/attribute.ts";
import { asInt64, castTo, scalar, sizesOf, zeroOf } from "./convert.ts";
import { isFloat, log1pOf } from "./lower-elementwise.ts";
import { reductionLowerings } from "./lower-reduction.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Where a value is 0. */
function isZero(value: Value, graph: OnnxGraph): Value {
  return graph.apply("Equal", [value, zeroOf(value.dtype, graph)], "bool");
}

/** An operation on floating-point numbers that gives 0 where one of its inputs is, whatever the other is. */
function zeroWhere(position: 0 | 1, compute: (a: Value, b: Value, graph: OnnxGraph) => Value): Lowering {
  return (operation, graph) => {
    const [a, b] = floats(operation, 2) as [Value, Value];
    const zero = isZero(operation.input(position), graph);
    return graph.apply("Where", [zero, zeroOf(a.dtype, graph), compute(a, b, graph)], a.dtype);
  };
}

function floats(operation: Operation, count: number): Value[] {
  return Array.from({ length: count }, (_, position) => {
    const value = operation.input(position);
    return isFloat(value.dtype) ? value : operation.refuse(`its inputs are ${value.dtype}`);
  });
}

const product = (a: Value, b: Value, graph: OnnxGraph): Value => graph.apply("Mul", [a, b], a.dtype);
const quotient = (a: Value, b: Value, graph: OnnxGraph): Value => graph.apply("Div", [a, b], a.dtype);
const logarithm = (value: Value, graph: OnnxGraph): Value => graph.apply("Log", [value], value.dtype);

/**
 * The exponential without 1. Of small numbers the difference has the rounding of the exponential, which goes out again by dividing by its
 * logarithm (Kahan); of numbers that do not change the 1 there is nothing but they themselves.
 */
const exponentialWithout1: Lowering = (operation, graph) => {
  const [value] = floats(operation, 1) as [Value];
  const on = (opType: string, ...inputs: Value[]): Value => graph.apply(opType, inputs, value.dtype);
  const one = scalar(1, value.dtype, graph);
  const exponential = on("Exp", value);
  const difference = on("Sub", exponential, one);
  const corrected = on("Mul", difference, on("Div", value, on("Log", exponential)));
  const isSame = graph.apply("Equal", [exponential, one], "bool");
  const isSmall = graph.apply("Less", [on("Abs", value), one], "bool");
  return on("Where", isSmall, on("Where", isSame, value, corrected), difference);
};

/** Half of the sum of squares. */
const halfOfSquares: Lowering = (operation, graph) => {
  const [value] = floats(operation, 1) as [Value];
  const vector = graph.apply("Reshape", [value, graph.integers([-1])], value.dtype);
  const sum = graph.apply("ReduceSum", [product(vector, vector, graph), graph.integers([0])], value.dtype, [
    intAttribute("keepdims", 0),
  ]);
  return quotient(sum, scalar(2, value.dtype, graph), graph);
};

/** The root of the sum of squares. */
const euclideanNorm: Lowering = (operation, graph) => {
  const [value] = floats(operation, 1) as [Value];
  const squares = operation.withInputs((input) => (input === value ? product(value, value, graph) : input));
  const sum = reductionLowerings["Sum"]?.(squares, graph) as Value;
  return graph.apply("Sqrt", [sum], value.dtype);
};

/** Turns axes round by so many places, one axis after the other. */
const roll: Lowering = (operation, graph) => {
  const axes = operation.constantIntegers(2);
  const shifts = graph.apply("Reshape", [asInt64(operation.input(1), graph), graph.integers([axes.length])], "int64");
  return axes.reduce((value, axis, place) => {
    const shift = graph.apply("Gather", [shifts, graph.integers([place])], "int64");
    return rollAxis(value, axis, shift, graph);
  }, operation.input(0));
};

function rollAxis(value: Value, axis: number, shift: Value, graph: OnnxGraph): Value {
  const size = graph.apply("Gather", [sizesOf(value, graph), graph.integers([axis])], "int64");
  // A remainder by 0 would end the process.
  const divisor = graph.apply("Max", [size, graph.integers([1])], "int64");
  const places = graph.apply("Mod", [shift, divisor], "int64");
  const start = graph.apply("Sub", [size, places], "int64");
  const part = (from: Value, to: Value): Value =>
    graph.apply("Slice", [value, from, to, graph.integers([axis])], value.dtype);
  const parts = [part(start, size), part(graph.integers([0]), start)];
  return graph.apply("Concat", parts, value.dtype, [intAttribute("axis", axis)]);
}

/** The shape of each input. */
const shapes: Lowering = (operation, graph) =>
  operation.inputs.map((value) => castTo(sizesOf(value, graph), operation.type("out_type", "int32"), graph));

/** Operations that several of ONNX's make together. */
export const compositionLowerings: Readonly<Record<string, Lowering>> = {
  Expm1: exponentialWithout1,
  EuclideanNorm: euclideanNorm,
  L2Loss: halfOfSquares,
  MulNoNan: zeroWhere(1, product),
  Roll: roll,
  ShapeN: shapes,
  Xdivy: zeroWhere(0, quotient),
  Xlog1py: zeroWhere(0, (x, y, graph) => product(x, log1pOf(y, graph), graph)),
  Xlogy: zeroWhere(0, (x, y, graph) => product(x, logarithm(y, graph), graph)),
};
