import { isNumberData } from "@sealserve/protocol";

import type { Sizes } from "./infer-sizes.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** Axes that a shape may have; what has more of them is not looked at. */
const MAX_AXES = 16;

/** What is known of the numbers of a vector, such as a shape that is put together; undefined when not even their number is. */
export function knownNumbers(vector: Value, graph: OnnxGraph): Sizes | undefined {
  const { opType, inputs = [] } = graph.producerOf(vector) ?? {};
  const [first] = inputs;
  if (opType === "Cast" && first !== undefined) {
    return knownNumbers(first, graph);
  }
  if (opType === "Concat" && inputs.length <= MAX_AXES) {
    const parts = inputs.map((input) => input && knownNumbers(input, graph));
    return parts.includes(undefined) ? undefined : (parts as Sizes[]).flat();
  }
  return opType === "Unsqueeze" && first?.sizes?.length === 0 ? [constantNumbers(first)?.[0]] : numbersOf(vector);
}

/** Those of a constant; else there may be as many as is known. */
function numbersOf(vector: Value): Sizes | undefined {
  const [length] = vector.sizes?.length === 1 ? vector.sizes : [];
  return length === undefined || length > MAX_AXES
    ? undefined
    : (constantNumbers(vector) ?? Array.from({ length }, () => undefined));
}

function constantNumbers({ constant }: Value): number[] | undefined {
  const data = constant?.data;
  return data !== undefined && isNumberData(data) ? Array.from<number | bigint, number>(data, Number) : undefined;
}
