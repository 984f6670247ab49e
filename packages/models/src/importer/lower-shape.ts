import { makeNumbers } from "@sealserve/protocol";

import { intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { elementTypeNumber } from "../onnx/element-type.ts";
import { isFloat } from "./lower-elementwise.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering } from "./operation.ts";

/** A shape or an index as ONNX takes it. */
function asInt64(value: Value, graph: OnnxGraph): Value {
  return value.dtype === "int64" ? value : castTo(value, "int64", graph);
}

function castTo(value: Value, dtype: Value["dtype"], graph: OnnxGraph): Value {
  return graph.apply("Cast", [value], dtype, [intAttribute("to", elementTypeNumber(dtype) ?? 0)]);
}

/** In TensorFlow a 0 in a shape is a dimension without elements; in ONNX only with `allowzero`. */
const reshape: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const shape = asInt64(operation.input(1), graph);
  return graph.apply("Reshape", [value, shape], value.dtype, [intAttribute("allowzero", 1)]);
};

const squeeze: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const axes = operation.integers("squeeze_dims");
  return graph.apply("Squeeze", axes.length === 0 ? [value] : [value, graph.integers(axes)], value.dtype);
};

const expandDims: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return graph.apply("Unsqueeze", [value, graph.integers([operation.constantInteger(1)])], value.dtype);
};

const transpose: Lowering = (operation, graph) => {
  const value = operation.input(0);
  return graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", operation.constantIntegers(1))]);
};

/** Stacks values of one shape along a new axis. */
const pack: Lowering = (operation, graph) => {
  const axis = operation.integer("axis", 0);
  const { dtype } = operation.input(0);
  const raised = operation.inputs.map((value) => graph.apply("Unsqueeze", [value, graph.integers([axis])], dtype));
  return graph.apply("Concat", raised, dtype, [intAttribute("axis", axis)]);
};

const concat: Lowering = (operation, graph) => {
  const last = operation.inputs.length - 1;
  const axis = operation.constantInteger(last);
  const { dtype } = operation.input(0);
  return graph.apply("Concat", operation.inputs.slice(0, last), dtype, [intAttribute("axis", axis)]);
};

const shape: Lowering = (operation, graph) => {
  const sizes = graph.apply("Shape", [operation.input(0)], "int64");
  const dtype = operation.type("out_type", "int32");
  return dtype === "int64" ? sizes : castTo(sizes, dtype, graph);
};

const cast: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const dtype = operation.type("DstT");
  if (value.dtype === "string" || elementTypeNumber(dtype) === undefined || dtype === "string") {
    operation.refuse(`it converts ${value.dtype} to ${dtype}`);
  }
  return castTo(value, dtype, graph);
};

const argMax: Lowering = (operation, graph) => {
  const attributes = [intAttribute("axis", operation.constantInteger(1)), intAttribute("keepdims", 0)];
  const found = graph.apply("ArgMax", [operation.input(0)], "int64", attributes);
  const dtype = operation.type("output_type", "int64");
  return dtype === "int64" ? found : castTo(found, dtype, graph);
};

/** A reduction over constant axes; no axes at all leave the value as it is. */
function reduction(opType: string): Lowering {
  return (operation, graph) => {
    const [value, axes] = [operation.input(0), operation.constantIntegers(1)];
    const keepDimensions = intAttribute("keepdims", operation.flag("keep_dims", false) ? 1 : 0);
    // ONNX takes no axes for all of them. Its attribute against that makes the engine pass empty inputs on unreduced.
    return axes.length === 0
      ? value
      : graph.apply(opType, [value, graph.integers(axes)], value.dtype, [keepDimensions]);
  };
}

const plainMean = reduction("ReduceMean");

/** The mean of no numbers is NaN in TensorFlow and 0 in the engine, so 0 divided by how many there are is added. */
const mean: Lowering = (operation, graph) => {
  const [value, axes] = [operation.input(0), operation.constantIntegers(1)];
  const result = plainMean(operation, graph);
  if (axes.length === 0 || !isFloat(value.dtype)) {
    return result;
  }
  const sizes = graph.apply("Gather", [graph.apply("Shape", [value], "int64"), graph.integers(axes)], "int64");
  const count = castTo(graph.apply("ReduceProd", [sizes], "int64", [intAttribute("keepdims", 0)]), value.dtype, graph);
  const zero = graph.constant({ dtype: value.dtype, shape: [], data: makeNumbers(value.dtype, 1) });
  return graph.apply("Add", [result, graph.apply("Div", [zero, count], value.dtype)], value.dtype);
};

/** Operations on shapes, axes and types. */
export const shapeLowerings: Readonly<Record<string, Lowering>> = {
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: transpose,
  Pack: pack,
  ConcatV2: concat,
  Shape: shape,
  Cast: cast,
  ArgMax: argMax,
  Mean: mean,
  Sum: reduction("ReduceSum"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  Prod: reduction("ReduceProd"),
};
