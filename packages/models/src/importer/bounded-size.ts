import { isNumberData } from "@sealserve/protocol";

import { intAttribute } from "../onnx/attribute.ts";
import { castTo } from "./convert.ts";
import { failWhere, isAbove } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** Elements that an operation may make out of sizes, which may come with a request: 256 MiB of float32. */
const MAX_ELEMENTS = 2 ** 26;

/** Sizes as they are; the run fails where their product times `factor` is more elements than an operation may make. */
export function boundSizes(sizes: Value, graph: OnnxGraph, factor?: Value): Value {
  if (factor === undefined && isKnownToFit(sizes)) {
    return sizes;
  }
  const numbers = castTo(sizes, "float32", graph);
  const product = graph.apply("ReduceProd", [numbers], "float32", [intAttribute("keepdims", 0)]);
  const count = factor ? graph.apply("Mul", [product, castTo(factor, "float32", graph)], "float32") : product;
  return failWhere([isAbove(count, MAX_ELEMENTS, graph)], sizes, graph);
}

function isKnownToFit({ constant }: Value): boolean {
  return (
    constant !== undefined &&
    isNumberData(constant.data) &&
    Array.from(constant.data, Number).reduce((product, size) => product * size, 1) <= MAX_ELEMENTS
  );
}
