import { castTo } from "./convert.ts";
import { failWhere, isAbove } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** Whole numbers up to here are exact as float64, in which the engine works sums, products and powers of int64 out. */
const LARGEST_EXACT = 2 ** 53;

/**
 * A result that the engine has worked out in float64; the run fails where it may not be exact.
 *
 * @param magnitude works out what the result cannot exceed, from the absolute values of `values`
 */
export function expectExact(
  result: Value,
  values: readonly Value[],
  magnitude: (absolutes: readonly Value[]) => Value,
  graph: OnnxGraph,
): Value {
  if (result.dtype !== "int64") {
    return result;
  }
  const absolutes = values.map((value) => graph.apply("Abs", [castTo(value, "float64", graph)], "float64"));
  return failWhere([isAbove(magnitude(absolutes), LARGEST_EXACT, graph)], result, graph);
}
