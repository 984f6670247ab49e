import { isNumberData } from "@sealserve/protocol";

import { readText } from "../../onnx/attribute.ts";
import type { GraphOperation, Value } from "../onnx-graph.ts";

/** What an operation pads by, all axes' befores and then all afters; undefined when it does not pad, or not by constants. */
export function padsOf({ opType, inputs: [, pads, , axes] }: GraphOperation): number[] | undefined {
  const data = pads?.constant?.data;
  const isKnown = opType === "Pad" && axes === undefined && data instanceof BigInt64Array;
  return isKnown ? Array.from(data, Number) : undefined;
}

/** Whether an operation puts zeros round a tensor, as many as {@link padsOf} says. */
export function isZeroPadding(operation: GraphOperation): boolean {
  const mode = readText(operation.attributes, "mode") ?? "constant";
  return padsOf(operation) !== undefined && mode === "constant" && isZero(operation.inputs[2]);
}

/** Whether an optional constant is a zero, which it is when left out. */
function isZero(value: Value | undefined): boolean {
  if (value === undefined) {
    return true;
  }
  const { data } = value.constant ?? {};
  return data !== undefined && isNumberData(data) && Number(data[0]) === 0;
}
