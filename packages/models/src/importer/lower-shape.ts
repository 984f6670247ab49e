import { makeNumbers } from "@sealserve/protocol";

import { intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { elementTypeNumber } from "../onnx/element-type.ts";
import { asInt64, castTo } from "./convert.ts";
import { isFloat } from "./lower-elementwise.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

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
  return castTo(sizes, operation.type("out_type", "int32"), graph);
};

const cast: Lowering = (operation, graph) => {
  const value = operation.input(0);
  const dtype = operation.type("DstT");
  if (value.dtype === "string" || elementTypeNumber(dtype) === undefined || dtype === "string") {
    operation.refuse(`it converts ${value.dtype} to ${dtype}`);
  }
  return castTo(value, dtype, graph);
};

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
    const [value, axes] = [operation.input(0), operation.constantIntegers(1)];
    const keepDimensions = intAttribute("keepdims", operation.flag("keep_dims", false) ? 1 : 0);
    // ONNX takes no axes for all of them. Its attribute against that makes the engine pass empty inputs on unreduced.
    return axes.length === 0
      ? value
      : graph.apply(opType, [value, graph.integers(axes)], value.dtype, [keepDimensions]);
  };
}

/** All or any of truth values, which the engine reduces as numbers. */
function logicalReduction(opType: "ReduceMin" | "ReduceMax"): Lowering {
  const reduce = reduction(opType);
  return (operation, graph) => {
    const asNumbers = operation.withInputs((input) => (input.dtype === "bool" ? castTo(input, "int32", graph) : input));
    return castTo(reduce(asNumbers, graph), "bool", graph);
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
  ArgMax: argExtreme("ArgMax"),
  ArgMin: argExtreme("ArgMin"),
  Mean: mean,
  Sum: reduction("ReduceSum"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  Prod: reduction("ReduceProd"),
  All: logicalReduction("ReduceMin"),
  Any: logicalReduction("ReduceMax"),
};
