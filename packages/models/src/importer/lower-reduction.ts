import { makeNumbers } from "@sealserve/protocol";

import { intAttribute } from "../onnx/attribute.ts";
import { asInt64, castTo, scalar } from "./convert.ts";
import { expectExact } from "./exact-integers.ts";
import { isFloat } from "./lower-elementwise.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Where along an axis the extreme is; of equal ones the first. */
function argExtreme(opType: "ArgMax" | "ArgMin"): Lowering {
  return (operation, graph) => {
    const attributes = [intAttribute("axis", operation.constantInteger(1)), intAttribute("keepdims", 0)];
    const found = graph.apply(opType, [operation.input(0)], "int64", attributes);
    return castTo(found, operation.type("output_type", "int64"), graph);
  };
}

/** A reduction over constant axes; no axes at all leave the value as it is. */
function reduction(opType: string) {
  return (operation: Operation, graph: OnnxGraph): Value => {
    const value = operation.input(0);
    const axes = fromTheFront(operation.constantIntegers(1), value);
    const keepsDimensions = operation.flag("keep_dims", false);
    // ONNX takes no axes for all of them. Its attribute against that makes the engine pass empty inputs on unreduced.
    if (axes.length === 0) {
      return value;
    }
    const reduce = (keep: boolean): Value =>
      graph.apply(opType, [value, graph.integers(axes)], value.dtype, [intAttribute("keepdims", keep ? 1 : 0)]);
    return !keepsDimensions && axes.every((axis) => axis < 0)
      ? withoutAxes(reduce(true), axes, graph)
      : reduce(keepsDimensions);
  };
}

/** Axes counted from the front, where their number is known. */
function fromTheFront(axes: readonly number[], { sizes }: Value): readonly number[] {
  return axes.map((axis) => (axis < 0 && sizes !== undefined && axis + sizes.length >= 0 ? axis + sizes.length : axis));
}

/**
 * A value without axes that are counted from the back, each of which has been reduced to one number. The engine (onnxruntime 1.30) leaves such
 * axes as they are where there are no elements: the first of none then stands for all of them, and none at all fails the run.
 */
function withoutAxes(value: Value, axes: readonly number[], graph: OnnxGraph): Value {
  const first = graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) });
  return [...new Set(axes)]
    .sort((a, b) => a - b)
    .reduce((left, axis) => graph.apply("Gather", [left, first], left.dtype, [intAttribute("axis", axis)]), value);
}

/**
 * A sum, a product or a mean, which the engine works out in float64 for int64. Narrower whole numbers are summed as these and
 * wrap round as in TensorFlow, where the engine would give the largest number.
 * @param magnitudeType bounds the result
 */
function arithmetic(opType: string, magnitudeType = opType) {
  const [reduce, magnitude] = [reduction(opType), reduction(magnitudeType)];
  return (operation: Operation, graph: OnnxGraph): Value => {
    const given = operation.input(0);
    if (isFloat(given.dtype)) {
      return reduce(operation, graph);
    }
    const value = asInt64(given, graph);
    const bound = ([absolute]: readonly Value[]): Value => magnitude(withValue(operation, absolute as Value), graph);
    const result = expectExact(reduce(withValue(operation, value), graph), [value], bound, graph);
    return castTo(result, given.dtype, graph);
  };
}

/** The largest or the smallest; none is a number where one of them is not, which the engine would pass over. */
function extreme(opType: "ReduceMin" | "ReduceMax"): Lowering {
  const [reduce, any] = [reduction(opType), logicalReduction("ReduceMax")];
  return (operation, graph) => {
    const value = operation.input(0);
    const result = reduce(operation, graph);
    if (!isFloat(value.dtype)) {
      return result;
    }
    const notNumbers = withValue(operation, graph.apply("IsNaN", [value], "bool"));
    return graph.apply("Where", [any(notNumbers, graph), scalar(Number.NaN, value.dtype, graph), result], value.dtype);
  };
}

/** The operation over another value. */
function withValue(operation: Operation, value: Value): Operation {
  const [replaced] = operation.inputs;
  return operation.withInputs((input) => (input === replaced ? value : input));
}

/** All or any of truth values, which the engine reduces as bytes: of none the largest is 0, and the smallest is not. */
function logicalReduction(opType: "ReduceMin" | "ReduceMax") {
  const reduce = reduction(opType);
  return (operation: Operation, graph: OnnxGraph): Value =>
    castTo(reduce(withValue(operation, castTo(operation.input(0), "uint8", graph)), graph), "bool", graph);
}

const plainMean = arithmetic("ReduceMean", "ReduceSum");

/**
 * The mean of no numbers is NaN in TensorFlow and 0 in the engine, so 0 divided by how many elements there are is added: if
 * there are none, either there is no mean at all, or each is one of no numbers.
 */
const mean: Lowering = (operation, graph) => {
  const [value, axes] = [operation.input(0), operation.constantIntegers(1)];
  const result = plainMean(operation, graph);
  if (axes.length === 0 || !isFloat(value.dtype)) {
    return result;
  }
  const count = castTo(graph.apply("Size", [value], "int64"), value.dtype, graph);
  const zero = graph.constant({ dtype: value.dtype, shape: [], data: makeNumbers(value.dtype, 1) });
  return graph.apply("Add", [result, graph.apply("Div", [zero, count], value.dtype)], value.dtype);
};

/** Operations that make one element of many. */
export const reductionLowerings: Readonly<Record<string, Lowering>> = {
  ArgMax: argExtreme("ArgMax"),
  ArgMin: argExtreme("ArgMin"),
  Mean: mean,
  Sum: arithmetic("ReduceSum"),
  Max: extreme("ReduceMax"),
  Min: extreme("ReduceMin"),
  Prod: arithmetic("ReduceProd"),
  All: logicalReduction("ReduceMin"),
  Any: logicalReduction("ReduceMax"),
};
