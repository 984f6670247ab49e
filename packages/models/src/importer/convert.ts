import { type DataType, makeNumbers } from "@sealserve/protocol";

import { intAttribute } from "../onnx/attribute.ts";
import { elementTypeNumber } from "../onnx/element-type.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** A shape or an index as ONNX takes it. */
export function asInt64(value: Value, graph: OnnxGraph): Value {
  return castTo(value, "int64", graph);
}

/** Up to so many elements a constant is kept in another type: shapes and axes, which have to be known. */
const MAX_CONVERTED = 64;

/** A value in another type. */
export function castTo(value: Value, dtype: DataType, graph: OnnxGraph): Value {
  const { data, shape } = value.constant ?? {};
  if (dtype === "int64" && shape !== undefined && data instanceof Int32Array && data.length <= MAX_CONVERTED) {
    return graph.constant({ dtype, shape, data: BigInt64Array.from(data, BigInt) });
  }
  return value.dtype === dtype
    ? value
    : graph.apply("Cast", [value], dtype, [intAttribute("to", elementTypeNumber(dtype) ?? 0)]);
}

/** A constant of one number, in any type that numbers are computed in. */
export function scalar(value: number, dtype: DataType, graph: OnnxGraph): Value {
  const constant = graph.constant({ dtype: "float32", shape: [], data: Float32Array.of(value) });
  return castTo(constant, dtype, graph);
}

/** A single zero, false for truth values. */
export function zeroOf(dtype: DataType, graph: OnnxGraph): Value {
  return graph.constant({ dtype, shape: [], data: makeNumbers(dtype, 1) });
}

/** Sizes of the axes from `start`, counted from the back when negative, to before `end`. */
export function sizesOf(value: Value, graph: OnnxGraph, start = 0, end?: number): Value {
  const bounds = [intAttribute("start", start), ...(end === undefined ? [] : [intAttribute("end", end)])];
  return graph.apply("Shape", [value], "int64", bounds);
}
