import { encodeBase64 } from "@sealserve/core";
import { invalidArgument } from "../status/serving-error.ts";
import { type DataType, dataTypeErrorName } from "../tensor/data-type.ts";
import { isNumberData, type Tensor } from "../tensor/tensor.ts";
import { formatFloat32, formatFloat64 } from "./decimal.ts";
import { quoteBytes } from "./json/quote.ts";

/** Writes elements of one tensor as JSON, by their index. */
export type ElementFormat = (index: number) => string | Uint8Array;

const numberFormats: Partial<Readonly<Record<DataType, (value: number | bigint) => string>>> = {
  float32: (value) => formatFloat32(Number(value)),
  float64: (value) => formatFloat64(Number(value)),
  int32: String,
  int16: String,
  int8: String,
  uint8: String,
  uint32: String,
  int64: String,
  uint64: String,
  bool: (value) => (value === 0 ? "false" : "true"),
};

/**
 * How the elements of `tensor` are written in JSON.
 * @param asBase64 whether strings are written as `{"b64": "..."}`
 * @throws ServingError INVALID_ARGUMENT for a data type that JSON cannot carry
 */
export function elementFormat(tensor: Tensor, asBase64: boolean): ElementFormat {
  const { data, dtype } = tensor;
  if (!isNumberData(data)) {
    const strings = data;
    const format = asBase64 ? base64Object : quoteBytes;
    return (index) => format(strings[index] as Uint8Array);
  }
  const format = numberFormats[dtype];
  if (format === undefined) {
    throw invalidArgument(`Failed to write JSON value for tensor type: ${dataTypeErrorName(dtype)}`);
  }
  return (index) => format(data[index] as number | bigint);
}

function base64Object(bytes: Uint8Array): string {
  return `{"b64": "${encodeBase64(bytes)}"}`;
}
