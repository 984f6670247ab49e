import { floatAttribute } from "../onnx/attribute.ts";
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
  const bound = (value: number) =>
    graph.apply(
      "CastLike",
      [graph.constant({ dtype: "float32", shape: [], data: Float32Array.of(value) }), features],
      features.dtype,
    );
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
  Neg: unary("Neg"),
  Abs: unary("Abs"),
  Exp: unary("Exp"),
  Log: unary("Log"),
  Sqrt: unary("Sqrt"),
  Rsqrt: reciprocalSquareRoot,
  Square: square,
  Relu: unary("Relu"),
  Relu6: relu6,
  LeakyRelu: leakyRelu,
  Elu: unary("Elu"),
  Sigmoid: unary("Sigmoid"),
  Tanh: unary("Tanh"),
  Softmax: softmax,
};
