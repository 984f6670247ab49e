import { intAttribute } from "../onnx/attribute.ts";
import { castTo, scalar } from "./convert.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** Elements that an operation may make out of a size that is only known when the model runs. */
const MAX_ELEMENTS = 2 ** 28;

/**
 * Sizes as they are; the run fails where their product times `factor` is more elements than an operation may make, since a
 * place that a list of one number lacks is then looked up in it.
 */
export function boundSizes(sizes: Value, graph: OnnxGraph, factor?: Value): Value {
  if (sizes.constant !== undefined && factor === undefined) {
    return sizes;
  }
  const numbers = castTo(sizes, "float32", graph);
  const product = graph.apply("ReduceProd", [numbers], "float32", [intAttribute("keepdims", 0)]);
  const count = factor ? graph.apply("Mul", [product, castTo(factor, "float32", graph)], "float32") : product;
  const isTooMany = graph.apply("Greater", [count, scalar(MAX_ELEMENTS, "float32", graph)], "bool");
  const nothing = graph.apply("Gather", [graph.integers([0]), castTo(isTooMany, "int64", graph)], "int64");
  return graph.apply("Add", [sizes, nothing], "int64");
}
