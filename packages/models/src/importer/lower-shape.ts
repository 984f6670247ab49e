import { intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { elementTypeNumber } from "../onnx/element-type.ts";
import { asInt64, castTo } from "./convert.ts";
import type { Lowering } from "./operation.ts";

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
};
