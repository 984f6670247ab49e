import { intsAttribute } from "../onnx/attribute.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Product of two matrices, either of which may be taken transposed. */
const matMul: Lowering = (operation, graph) => {
  const a = orTransposed(operation.input(0), operation.flag("transpose_a", false), graph);
  const b = orTransposed(operation.input(1), operation.flag("transpose_b", false), graph);
  return graph.apply("MatMul", [a, b], a.dtype);
};

function orTransposed(matrix: Value, transposed: boolean, graph: OnnxGraph): Value {
  return transposed ? graph.apply("Transpose", [matrix], matrix.dtype, [intsAttribute("perm", [1, 0])]) : matrix;
}

/** Products of stacks of matrices. Swapping the last two of an unknown number of axes has no form in ONNX. */
const batchMatMul: Lowering = (operation, graph) => {
  if (operation.flag("adj_x", false) || operation.flag("adj_y", false)) {
    operation.refuse("it takes a transposed input");
  }
  const a = operation.input(0);
  return graph.apply("MatMul", [a, operation.input(1)], a.dtype);
};

/** Adds a vector along the channel axis: the last one, or in channels-first images the second of four. */
const biasAdd: Lowering = (operation, graph) => {
  const [value, bias] = [operation.input(0), biasOf(operation, graph)];
  return graph.apply("Add", [value, bias], value.dtype);
};

function biasOf(operation: Operation, graph: OnnxGraph): Value {
  const bias = operation.input(1);
  return operation.text("data_format", "NHWC") === "NCHW"
    ? graph.apply("Reshape", [bias, graph.integers([-1, 1, 1])], bias.dtype)
    : bias;
}

/** Dense layers. */
export const matrixLowerings: Readonly<Record<string, Lowering>> = {
  MatMul: matMul,
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BiasAdd: biasAdd,
};
