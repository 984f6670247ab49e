import { intAttribute } from "../onnx/attribute.ts";
import { sizesOf } from "./convert.ts";
import { failWhere } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** Whether a value is known to have elements, whatever a request brings. */
export function hasElements({ sizes }: Value): boolean {
  return sizes?.every((size) => size !== undefined && size > 0) === true;
}

/** Whether a value turns out to have no elements. */
export function isEmpty(value: Value, graph: OnnxGraph): Value {
  const none = graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) });
  return graph.apply("Equal", [graph.apply("Size", [value], "int64"), none], "bool");
}

/** A value as it is; the run fails where it has no elements: for operations at which the engine would then end the process. */
export function expectElements(value: Value, graph: OnnxGraph): Value {
  if (hasElements(value)) {
    return value;
  }
  const sizes = failWhere([isEmpty(value, graph)], sizesOf(value, graph), graph);
  return graph.apply("Reshape", [value, sizes], value.dtype, [intAttribute("allowzero", 1)], value.sizes);
}
