import { floatAttribute } from "../onnx/attribute.ts";
import { scalar } from "./convert.ts";
import type { Lowering } from "./operation.ts";

/** Two inputs of one type, broadcast against each other by the same rules in TensorFlow and ONNX. */
function binary(opType: string): Lowering {
  return (operation, graph) => {
    const [a, b] = [operation.input(0), operation.input(1)];
    if (a.dtype === "string") {
      operation.refuse("its inputs are strings");
    }
    return graph.apply(opType, [a, b], a.dtype);
  };
}

/** Division of floating-point numbers; TensorFlow's integers would round differently. */
const divide: Lowering = (operation, graph) => {
  const [a, b] = [operation.input(0), operation.input(1)];
  return isFloat(a.dtype) ? graph.apply("Div", [a, b], a.dtype) : operation.refuse(`its inputs are ${a.dtype}`);
};

function unary(opType: string): Lowering {
  return (operation, graph) => graph.apply(opType, [operation.input(0)], operation.input(0).dtype);
}

const relu6: Lowering = (operation, graph) => {
  const features = operation.input(0);
  const bound = (value: number) => scalar(value, features.dtype, graph);
  return graph.apply("Clip", [features, bound(0), bound(6)], features.dtype);
};

const leakyRelu: Lowering = (operation, graph) => {
  const features = operation.input(0);
  return graph.apply("LeakyRelu", [features], features.dtype, [floatAttribute("alpha", operation.float("alpha", 0.2))]);
};

const square: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return graph.apply("Mul", [value, value], value.dtype);
};

const reciprocalSquareRoot: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return graph.apply("Reciprocal", [graph.apply("Sqrt", [value], value.dtype)], value.dtype);
};

const squaredDifference: Lowering = (operation, graph) => {
  const [a, b] = [operation.input(0), operation.input(1)];
  const difference = graph.apply("Sub", [a, b], a.dtype);
  return graph.apply("Mul", [difference, difference], a.dtype);
};

/** Division rounded down; the engine would cut whole numbers towards zero, so those are refused. */
const floorDivide: Lowering = (operation, graph) => {
  const [a, b] = [operation.input(0), operation.input(1)];
  return isFloat(a.dtype)
    ? graph.apply("Floor", [graph.apply("Div", [a, b], a.dtype)], a.dtype)
    : operation.refuse(`its inputs are ${a.dtype}`);
};

/** The logarithm of a number increased by 1. */
const log1p: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return graph.apply("Log", [graph.apply("Add", [value, scalar(1, value.dtype, graph)], value.dtype)], value.dtype);
};

/** The sum of any number of inputs of one shape. */
const addAll: Lowering = (operation, graph) => {
  const [first, ...others] = operation.inputs;
  return others.reduce((sum, value) => graph.apply("Add", [sum, value], value.dtype), first ?? operation.input(0));
};

/** ONNX has a default of its own for the axis, the last one, which is the one that TensorFlow means. */
const softmax = unary("Softmax");

/** Whether a type is of floating-point numbers that the engine computes with. */
export function isFloat(dtype: string): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16";
}

/** Operations that work element by element, and Softmax, which has their form. */
export const elementwiseLowerings: Readonly<Record<string, Lowering>> = {
  Add: binary("Add"),
  AddV2: binary("Add"),
  Sub: binary("Sub"),
  Mul: binary("Mul"),
  RealDiv: divide,
  Maximum: binary("Max"),
  Minimum: binary("Min"),
  Pow: binary("Pow"),
  SquaredDifference: squaredDifference,
  FloorDiv: floorDivide,
  AddN: addAll,
  Neg: unary("Neg"),
  Abs: unary("Abs"),
  Exp: unary("Exp"),
  Log: unary("Log"),
  Log1p: log1p,
  Sin: unary("Sin"),
  Cos: unary("Cos"),
  Erf: unary("Erf"),
  Sign: unary("Sign"),
  Floor: unary("Floor"),
  Ceil: unary("Ceil"),
  Round: unary("Round"),
  Rint: unary("Round"),
  Reciprocal: unary("Reciprocal"),
  Sqrt: unary("Sqrt"),
  Rsqrt: reciprocalSquareRoot,
  Square: square,
  Relu: unary("Relu"),
  Relu6: relu6,
  LeakyRelu: leakyRelu,
  Elu: unary("Elu"),
  Selu: unary("Selu"),
  Softplus: unary("Softplus"),
  Softsign: unary("Softsign"),
  LogSoftmax: unary("LogSoftmax"),
  Sigmoid: unary("Sigmoid"),
  Tanh: unary("Tanh"),
  Softmax: softmax,
};
