import { intAttribute, intsAttribute, textAttribute } from "../onnx/attribute.ts";
import { castTo, sizesOf } from "./convert.ts";
import { failWhere } from "./fail-where.ts";
import { einsum } from "./lower-einsum.ts";
import { isFloat } from "./lower-elementwise.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Product of two matrices, either of which may be taken transposed. ONNX would also take vectors and stacks. */
const matMul: Lowering = (operation, graph) => {
  const matrix = (position: number, transposed: string): Value =>
    orTransposed(asMatrix(operation, position, graph), operation.flag(transposed, false), graph);
  const a = matrix(0, "transpose_a");
  return graph.apply("MatMul", [a, matrix(1, "transpose_b")], a.dtype);
};

/** An input as it is; when it may be no matrix, the run fails then, since only a matrix's shape is made of two numbers. */
function asMatrix(operation: Operation, position: number, graph: OnnxGraph): Value {
  const value = operation.input(position);
  const { dtype, sizes, shape } = value;
  if (sizes?.length === 2) {
    return value;
  }
  if (shape !== undefined) {
    operation.refuse(`its input ${position} (${dtype}) is not a matrix`);
  }
  const twoSizes = graph.apply("Reshape", [sizesOf(value, graph), graph.integers([2])], "int64");
  return reshape(value, twoSizes, graph);
}

function orTransposed(matrix: Value, transposed: boolean, graph: OnnxGraph): Value {
  return transposed ? graph.apply("Transpose", [matrix], matrix.dtype, [intsAttribute("perm", [1, 0])]) : matrix;
}

/** Products of stacks of matrices, either of which may be taken transposed. Narrow numbers may be multiplied in a wider type. */
const batchMatMul: Lowering = (operation, graph) => {
  const dtype = operation.type("Tout", operation.input(0).dtype);
  const stack = (position: number, transposed: string): Value => {
    const value = castTo(operation.input(position), dtype, graph);
    return operation.flag(transposed, false) ? transposeLast(operation, value, graph) : value;
  };
  const a = stack(0, "adj_x");
  return graph.apply("MatMul", [a, stack(1, "adj_y")], dtype);
};

/** Swaps the last two of an unknown number of axes, which only sums by labels have a form for. */
function transposeLast(operation: Operation, value: Value, graph: OnnxGraph): Value {
  if (!isFloat(value.dtype)) {
    operation.refuse(`it takes a transposed input of ${value.dtype}`);
  }
  return graph.apply("Einsum", [value], value.dtype, [textAttribute("equation", "...ij->...ji")]);
}

/**
 * Adds a vector along the channel axis: the last one, or in channels-first images the second. The vector is first brought
 * to the size of that axis, unless it is known to have it; that fails when it has another, and ONNX would repeat a single number.
 */
const biasAdd: Lowering = (operation, graph) => {
  const [value, bias] = [operation.input(0), operation.input(1)];
  const channelsFirst = operation.text("data_format", "NHWC") === "NCHW";
  const size = channelsFirst ? undefined : value.sizes?.at(-1);
  if (size !== undefined && bias.sizes?.length === 1 && bias.sizes[0] === size) {
    return graph.apply("Add", [value, bias], value.dtype);
  }
  const shape = channelsFirst ? channelShape(value, graph) : sizesOf(value, graph, -1);
  return graph.apply("Add", [value, reshape(bias, shape, graph)], value.dtype);
};

/** Size of the second axis, and a 1 for each axis behind it. */
function channelShape(value: Value, graph: OnnxGraph): Value {
  const axesBehind = graph.apply("Shape", [sizesOf(value, graph, 2)], "int64");
  const ones = graph.apply("Expand", [graph.integers([1]), axesBehind], "int64");
  return graph.apply("Concat", [sizesOf(value, graph, 1, 2), ones], "int64", [intAttribute("axis", 0)]);
}

/** A 0 in the shape means a size of 0, as in TensorFlow. */
function reshape(value: Value, shape: Value, graph: OnnxGraph): Value {
  return graph.apply("Reshape", [value, shape], value.dtype, [intAttribute("allowzero", 1)]);
}

/** The diagonals round the main one, so many below and above it; all of them where the number is negative. */
const bandPart: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const [below, above] = [operation.constantInteger(1), operation.constantInteger(2)];
  const from = below < 0 ? value : triangle(value, "upper", -below, graph);
  return above < 0 ? from : triangle(from, "lower", above, graph);
};

/** @param diagonal the last one that is kept, counted upwards from the main one */
function triangle(value: Value, part: "upper" | "lower", diagonal: number, graph: OnnxGraph): Value {
  const wanted = graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(diagonal)) });
  // TensorFlow refuses more diagonals than there are rows below or columns above.
  const most = part === "upper" ? sizesOf(value, graph, -2, -1) : sizesOf(value, graph, -1);
  const isBeyond = graph.apply("Less", [most, graph.integers([Math.abs(diagonal)])], "bool");
  const last = failWhere([isBeyond], wanted, graph);
  return graph.apply("Trilu", [value, last], value.dtype, [intAttribute("upper", part === "upper" ? 1 : 0)]);
}

/** Dense layers, and parts of matrices. */
export const matrixLowerings: Readonly<Record<string, Lowering>> = {
  MatMul: matMul,
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BatchMatMulV3: batchMatMul,
  BiasAdd: biasAdd,
  Einsum: einsum,
  MatrixBandPart: bandPart,
};
