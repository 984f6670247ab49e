import { ProtocolError } from "../errors.ts";
import type { ListName } from "../protobuf/list-codec.ts";
import type { NumberArray } from "../protobuf/little-endian.ts";
import type { DataType } from "./data-type.ts";

/** Where `tensorflow.TensorProto` keeps the typed values of a data type. */
export type ValueList =
  | { readonly kind: "numbers"; readonly fieldNumber: number; readonly name: ListName }
  | { readonly kind: "bytes"; readonly fieldNumber: number }
  | { readonly kind: "strings"; readonly fieldNumber: number };

/** How tensors of a data type are kept in memory and on the wire. */
export interface Storage {
  readonly list: ValueList;
  /** Array entries of one element: 2 for complex numbers. */
  readonly width: 1 | 2;
  /** A zeroed array; undefined for strings. */
  readonly make: ((length: number) => NumberArray) | undefined;
}

function numbersIn(fieldNumber: number, name: ListName, make: (length: number) => NumberArray): Storage {
  return { list: { kind: "numbers", fieldNumber, name }, width: 1, make };
}

const int8 = (length: number) => new Int8Array(length);
const uint8 = (length: number) => new Uint8Array(length);
const int16 = (length: number) => new Int16Array(length);
const uint16 = (length: number) => new Uint16Array(length);
const int32 = (length: number) => new Int32Array(length);
const float32 = (length: number) => new Float32Array(length);
const float64 = (length: number) => new Float64Array(length);

const float8: Storage = { list: { kind: "bytes", fieldNumber: 18 }, width: 1, make: uint8 };

const storages: Readonly<Record<Exclude<DataType, "resource" | "variant">, Storage>> = {
  float32: numbersIn(5, "float", float32),
  float64: numbersIn(6, "double", float64),
  int32: numbersIn(7, "int32", int32),
  uint8: numbersIn(7, "int32", uint8),
  int16: numbersIn(7, "int32", int16),
  int8: numbersIn(7, "int32", int8),
  string: { list: { kind: "strings", fieldNumber: 8 }, width: 1, make: undefined },
  complex64: { ...numbersIn(9, "float", float32), width: 2 },
  int64: numbersIn(10, "int64", (length) => new BigInt64Array(length)),
  bool: numbersIn(11, "bool", uint8),
  qint8: numbersIn(7, "int32", int8),
  quint8: numbersIn(7, "int32", uint8),
  qint32: numbersIn(7, "int32", int32),
  bfloat16: numbersIn(13, "int32", uint16),
  qint16: numbersIn(7, "int32", int16),
  quint16: numbersIn(7, "int32", uint16),
  uint16: numbersIn(7, "int32", uint16),
  complex128: { ...numbersIn(12, "double", float64), width: 2 },
  float16: numbersIn(13, "int32", uint16),
  uint32: numbersIn(16, "uint32", (length) => new Uint32Array(length)),
  uint64: numbersIn(17, "uint64", (length) => new BigUint64Array(length)),
  float8_e5m2: float8,
  float8_e4m3fn: float8,
  float8_e4m3fnuz: float8,
  float8_e4m3b11fnuz: float8,
  float8_e5m2fnuz: float8,
  int4: numbersIn(7, "int32", int8),
  uint4: numbersIn(7, "int32", uint8),
};

/** How tensors of `dtype` are kept. @throws ProtocolError `unsupported-dtype` for resource and variant */
export function storageOf(dtype: DataType): Storage {
  if (dtype === "resource" || dtype === "variant") {
    throw new ProtocolError("unsupported-dtype", `a tensor of type ${dtype} has no values to send`);
  }
  return storages[dtype];
}

/**
 * A zeroed array of the kind that holds numbers of `dtype`, with `length` entries.
 * @throws ProtocolError `unsupported-dtype` for string, resource and variant
 */
export function makeNumbers(dtype: DataType, length: number): NumberArray {
  const { make } = storageOf(dtype);
  if (make === undefined) {
    throw new ProtocolError("unsupported-dtype", `a tensor of type ${dtype} does not hold numbers`);
  }
  return make(length);
}

/** Kind of each number list of `tensorflow.TensorProto`, by field number. */
export const numberListNames: ReadonlyMap<number, ListName> = new Map(
  Object.values(storages).flatMap(({ list }) => (list.kind === "numbers" ? [[list.fieldNumber, list.name]] : [])),
);
