import { intAttribute } from "../onnx/attribute.ts";
import { castTo, scalar } from "./convert.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/**
 * A value of whole numbers as it is; the run fails where any of `conditions` holds, since a place that a list of one number
 * lacks is then looked up in it. TensorFlow refuses inputs for which the engine would make up an answer.
 */
export function failWhere(conditions: readonly Value[], value: Value, graph: OnnxGraph): Value {
  return conditions.reduce((kept, condition) => {
    // Of no truth values at all, none holds: the largest of no bytes is 0.
    const bytes = castTo(condition, "uint8", graph);
    const anyHolds = graph.apply("ReduceMax", [bytes], "uint8", [intAttribute("keepdims", 0)]);
    const nothing = graph.apply("Gather", [graph.integers([0]), castTo(anyHolds, "int64", graph)], "int64");
    return graph.apply("Add", [kept, castTo(nothing, kept.dtype, graph)], kept.dtype);
  }, value);
}

/** Where a value is below a number. */
export function isBelow(value: Value, bound: number, graph: OnnxGraph): Value {
  return graph.apply("Less", [value, scalar(bound, value.dtype, graph)], "bool");
}

/** Where a value is above a number. */
export function isAbove(value: Value, bound: number, graph: OnnxGraph): Value {
  return graph.apply("Greater", [value, scalar(bound, value.dtype, graph)], "bool");
}
