import { floatAttribute, intAttribute } from "../onnx/attribute.ts";
import { asInt64, castTo, scalar, sizesOf } from "./convert.ts";
import { expectExact } from "./exact-integers.ts";
import { failWhere, isBelow } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
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

/** Division rounded down. Whole numbers are the interpreter's: the engine would cut them towards zero, and ends at a divisor of 0. */
const floorDivide: Lowering = (operation, graph) => {
  const quotient = divide(operation, graph) as Value;
  return graph.apply("Floor", [quotient], quotient.dtype);
};

/** What a division rounded down leaves, which has the sign of the divisor; the engine's has that of the dividend. */
const floorRemainder: Lowering = (operation, graph) => {
  const [a, b] = [operation.input(0), operation.input(1)];
  if (!isFloat(a.dtype)) {
    operation.refuse(`its inputs are ${a.dtype}`);
  }
  const remainder = (value: Value): Value => graph.apply("Mod", [value, b], a.dtype, [intAttribute("fmod", 1)]);
  const ofDividend = remainder(a);
  const sameSign = graph.apply("Equal", [isBelow(a, 0, graph), isBelow(b, 0, graph)], "bool");
  const moved = remainder(graph.apply("Add", [ofDividend, b], a.dtype));
  return graph.apply("Where", [sameSign, ofDividend, moved], a.dtype);
};

/**
 * The logarithm of a number increased by 1. The rounding of that sum, which is all there is of a small number, goes out
 * again by dividing by the sum without the 1 (Kahan). Numbers too small to change the sum, and infinity, are as they are.
 */
export function log1pOf(value: Value, graph: OnnxGraph): Value {
  const on = (opType: string, ...inputs: Value[]): Value => graph.apply(opType, inputs, value.dtype);
  const equal = (a: Value, b: Value): Value => graph.apply("Equal", [a, b], "bool");
  const one = scalar(1, value.dtype, graph);
  const sum = on("Add", value, one);
  const logarithm = on("Log", sum);
  const asIs = graph.apply("Or", [equal(sum, one), equal(sum, logarithm)], "bool");
  return on("Where", asIs, value, on("Mul", value, on("Div", logarithm, on("Sub", sum, one))));
}

/**
 * Powers. Whole numbers have none with a negative exponent; their powers are taken as int64, and wrap round in narrower
 * types as in TensorFlow, where the engine would give the largest number.
 */
const power: Lowering = (operation, graph) => {
  const [base, exponent] = [operation.input(0), operation.input(1)];
  if (isFloat(base.dtype)) {
    return graph.apply("Pow", [base, exponent], base.dtype);
  }
  const checked = failWhere([isBelow(exponent, 0, graph)], exponent, graph);
  const magnitude = ([a, b]: readonly Value[]): Value => graph.apply("Pow", [a, b], "float64");
  const wide = graph.apply("Pow", [asInt64(base, graph), asInt64(checked, graph)], "int64");
  return castTo(expectExact(wide, [base, exponent], magnitude, graph), base.dtype, graph);
};

/** Coefficients of a polynomial in the logarithm of erfc, lowest power first (Press et al., Numerical Recipes, 6.2). */
const ERFC_COEFFICIENTS = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

/**
 * What the error function lacks to 1, within 1.2e-7 of it. The difference itself would be rounded to nothing where the
 * function is near 1.
 */
const complementaryErf: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const on = (opType: string, ...inputs: Value[]): Value => graph.apply(opType, inputs, value.dtype);
  const number = (constant: number): Value => scalar(constant, value.dtype, graph);
  const size = on("Abs", value);
  const t = on("Reciprocal", on("Add", number(1), on("Mul", number(0.5), size)));
  const polynomial = ERFC_COEFFICIENTS.map(number).reduceRight((sum, next) => on("Add", next, on("Mul", t, sum)));
  const ofSize = on("Mul", t, on("Exp", on("Sub", polynomial, on("Mul", size, size))));
  return on("Where", isBelow(value, 0, graph), on("Sub", number(2), ofSize), ofSize);
};

/** The sum of any number of inputs of one shape: the engine would repeat smaller ones. */
const addAll: Lowering = (operation, graph) => {
  const first = operation.input(0);
  const others = operation.inputs.slice(1).map((value) => ofShapeOf(first, value, graph));
  return others.reduce((sum, value) => graph.apply("Add", [sum, value], value.dtype), first);
};

/** A value as it is; the run fails where its shape is not that of `model`. */
function ofShapeOf(model: Value, value: Value, graph: OnnxGraph): Value {
  const reshape = (tensor: Value, shape: Value): Value =>
    graph.apply("Reshape", [tensor, shape], tensor.dtype, [intAttribute("allowzero", 1)]);
  const wanted = sizesOf(model, graph);
  // Shapes of different ranks are vectors of different lengths.
  const sizes = reshape(sizesOf(value, graph), sizesOf(wanted, graph));
  const differs = graph.apply("Not", [graph.apply("Equal", [sizes, wanted], "bool")], "bool");
  return reshape(value, failWhere([differs], wanted, graph));
}

/**
 * At most one bound and then at least the other, which holds where they cross, as in TensorFlow's kernel (clip_ops). ONNX's operation
 * for it would take scalars only.
 */
const clip: Lowering = (operation, graph) => {
  const [value, lowest, highest] = [operation.input(0), operation.input(1), operation.input(2)];
  const lowered = graph.apply("Min", [value, highest], value.dtype);
  return graph.apply("Max", [lowered, lowest], value.dtype);
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
  ClipByValue: clip,
  Pow: power,
  SquaredDifference: squaredDifference,
  Div: divide,
  FloorDiv: floorDivide,
  FloorMod: floorRemainder,
  AddN: addAll,
  Neg: unary("Neg"),
  Abs: unary("Abs"),
  Exp: unary("Exp"),
  Log: unary("Log"),
  Log1p: (operation, graph) => log1pOf(operation.input(0), graph),
  Sin: unary("Sin"),
  Sinh: unary("Sinh"),
  Cos: unary("Cos"),
  Cosh: unary("Cosh"),
  Tan: unary("Tan"),
  Asin: unary("Asin"),
  Asinh: unary("Asinh"),
  Acos: unary("Acos"),
  Acosh: unary("Acosh"),
  Atan: unary("Atan"),
  Atanh: unary("Atanh"),
  Erf: unary("Erf"),
  Erfc: complementaryErf,
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
