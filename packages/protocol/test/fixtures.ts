import { encodeUtf8 } from "@sealserve/core";
import { type DataType, dataTypes } from "../src/tensor/data-type.ts";
import { makeNumbers } from "../src/tensor/storage.ts";
import { isNumberData, type Tensor } from "../src/tensor/tensor.ts";

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encodeUtf8(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function typeOfProtoName(protoName: string): DataType {
  const row = dataTypes.find((entry) => entry.protoName === protoName);
  if (row === undefined) {
    throw new Error(`no data type ${protoName}`);
  }
  return row.name;
}

/** A tensor from plain values: numbers, bigints, booleans, strings, or the words NaN and Infinity for numbers. */
export function makeTensor(
  dtype: DataType,
  shape: readonly number[],
  values: readonly (number | bigint | boolean | string)[],
): Tensor {
  if (dtype === "string") {
    return { dtype, shape, data: values.map((value) => bytesOf(String(value))) };
  }
  const data = makeNumbers(dtype, values.length);
  const isBigint = data instanceof BigInt64Array || data instanceof BigUint64Array;
  values.forEach((value, index) => {
    data[index] = isBigint ? BigInt(value) : Number(value);
  });
  return { dtype, shape, data };
}

export function tensorFromCase(entry: {
  dtype: string;
  shape: number[];
  values: (string | number | boolean)[];
}): Tensor {
  return makeTensor(typeOfProtoName(entry.dtype), entry.shape, entry.values);
}

/** Elements in a form that assert.deepEqual compares and prints well. */
export function valuesOf({ data }: Tensor): (number | bigint | string)[] {
  return isNumberData(data) ? Array.from<number | bigint>(data) : data.map(textOf);
}

export function repeat<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}
