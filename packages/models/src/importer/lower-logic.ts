import { intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { castTo, sizesOf, zeroOf } from "./convert.ts";
import { isFloat } from "./lower-elementwise.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering } from "./operation.ts";

/** Compares two inputs of one type, broadcast against each other. */
function comparison(opType: string): Lowering {
  return (operation, graph) => {
    const [a, b] = [operation.input(0), operation.input(1)];
    return graph.apply(opType, [comparable(a, graph), comparable(b, graph)], "bool");
  };
}

/** The engine compares few types of whole numbers. The wider ones hold all that the others hold. */
function comparable(value: Value, graph: OnnxGraph): Value {
  const isNarrow = ["int8", "uint8", "int16", "uint16", "bool"].includes(value.dtype);
  return isNarrow ? castTo(value, "int32", graph) : value;
}

function logical(opType: string): Lowering {
  return (operation, graph) => graph.apply(opType, [...operation.inputs], "bool");
}

const notEqual: Lowering = (operation, graph) => {
  const [a, b] = [operation.input(0), operation.input(1)];
  return graph.apply("Not", [graph.apply("Equal", [comparable(a, graph), comparable(b, graph)], "bool")], "bool");
};

/** Takes elements from the second or the third input; all three are broadcast. */
const select: Lowering = (operation, graph) => {
  const [condition, whenTrue, whenFalse] = [operation.input(0), operation.input(1), operation.input(2)];
  return graph.apply("Where", [condition, whenTrue, whenFalse], whenTrue.dtype);
};

/**
 * The older form does not broadcast, but takes a vector as a choice of rows: axes are added behind those of the condition
 * until it has as many as the values.
 */
const selectRows: Lowering = (operation, graph) => {
  const [condition, whenTrue, whenFalse] = [operation.input(0), operation.input(1), operation.input(2)];
  const rankOf = (value: Value): Value => graph.apply("Shape", [graph.apply("Shape", [value], "int64")], "int64");
  const missing = graph.apply("Sub", [rankOf(whenTrue), rankOf(condition)], "int64");
  const ones = graph.apply("Expand", [graph.integers([1]), missing], "int64");
  const sizes = graph.apply("Concat", [graph.apply("Shape", [condition], "int64"), ones], "int64", [
    intAttribute("axis", 0),
  ]);
  const raised = graph.apply("Reshape", [condition, sizes], "bool");
  return graph.apply("Where", [raised, whenTrue, whenFalse], whenTrue.dtype);
};

/** Coordinates of the elements that are not 0, a row each. A number alone has none, where the engine gives it one. */
const where: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const found = graph.apply("NonZero", [comparable(value, graph)], "int64");
  const rank = sizesOf(sizesOf(value, graph), graph);
  const columns = graph.apply("Slice", [found, graph.integers([0]), rank], "int64");
  return graph.apply("Transpose", [columns], "int64", [intsAttribute("perm", [1, 0])]);
};

/** Where numbers are infinite, which the engine finds in 32 and 64 bits. */
const isInfinite: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return value.dtype === "float32" || value.dtype === "float64"
    ? graph.apply("IsInf", [value], "bool")
    : operation.refuse(`its input is ${value.dtype}`);
};

const isFiniteNumber: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const infinite = isInfinite(operation, graph) as Value;
  return graph.apply("Not", [graph.apply("Or", [infinite, graph.apply("IsNaN", [value], "bool")], "bool")], "bool");
};

const isNotANumber: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return isFloat(value.dtype) ? graph.apply("IsNaN", [value], "bool") : operation.refuse(`its input is ${value.dtype}`);
};

/** Division in which anything divided by 0 is 0. */
const divideNoNan: Lowering = (operation, graph) => {
  const [a, b] = [operation.input(0), operation.input(1)];
  if (!isFloat(a.dtype)) {
    operation.refuse(`its inputs are ${a.dtype}`);
  }
  const zero = zeroOf(a.dtype, graph);
  const isZero = graph.apply("Equal", [b, zero], "bool");
  return graph.apply("Where", [isZero, zero, graph.apply("Div", [a, b], a.dtype)], a.dtype);
};

/** Comparisons, truth values and choices by them. */
export const logicLowerings: Readonly<Record<string, Lowering>> = {
  Equal: comparison("Equal"),
  NotEqual: notEqual,
  Less: comparison("Less"),
  LessEqual: comparison("LessOrEqual"),
  Greater: comparison("Greater"),
  GreaterEqual: comparison("GreaterOrEqual"),
  LogicalAnd: logical("And"),
  LogicalOr: logical("Or"),
  LogicalNot: logical("Not"),
  Select: selectRows,
  SelectV2: select,
  Where: where,
  IsFinite: isFiniteNumber,
  IsInf: isInfinite,
  IsNan: isNotANumber,
  DivNoNan: divideNoNan,
};
