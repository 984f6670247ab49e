import { ProtocolError } from "../errors.ts";
import type { ListName } from "../protobuf/list-codec.ts";
import type { NumberArray } from "../protobuf/little-endian.ts";
import type { DataType } from "./data-type.ts";

/** Where `tensorflow.TensorProto` keeps the typed values of a data type. */
export type ValueList =
  | { readonly kind: "numbers"; readonly fieldNumber: number; readonly name: ListName }
  | { readonly kind: "bytes"; readonly fieldNumber: number }
  | { readonly kind: "strings"; readonly fieldNumber: number };

/** What makes arrays of one kind of number. */
interface NumberArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): NumberArray;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): NumberArray;
}

/** How tensors of a data type are kept in memory and on the wire. */
export interface Storage {
  readonly list: ValueList;
  /** Array entries of one element: 2 for complex numbers. */
  readonly width: 1 | 2;
  /** Undefined for strings. */
  readonly array: NumberArrayType | undefined;
}

function numbersIn(fieldNumber: number, name: ListName, array: NumberArrayType): Storage {
  return { list: { kind: "numbers", fieldNumber, name }, width: 1, array };
}

const float8: Storage = { list: { kind: "bytes", fieldNumber: 18 }, width: 1, array: Uint8Array };

const storages: Readonly<Record<Exclude<DataType, "resource" | "variant">, Storage>> = {
  float32: numbersIn(5, "float", Float32Array),
  float64: numbersIn(6, "double", Float64Array),
  int32: numbersIn(7, "int32", Int32Array),
  uint8: numbersIn(7, "int32", Uint8Array),
  int16: numbersIn(7, "int32", Int16Array),
  int8: numbersIn(7, "int32", Int8Array),
  string: { list: { kind: "strings", fieldNumber: 8 }, width: 1, array: undefined },
  complex64: { ...numbersIn(9, "float", Float32Array), width: 2 },
  int64: numbersIn(10, "int64", BigInt64Array),
  bool: numbersIn(11, "bool", Uint8Array),
  qint8: numbersIn(7, "int32", Int8Array),
  quint8: numbersIn(7, "int32", Uint8Array),
  qint32: numbersIn(7, "int32", Int32Array),
  bfloat16: numbersIn(13, "int32", Uint16Array),
  qint16: numbersIn(7, "int32", Int16Array),
  quint16: numbersIn(7, "int32", Uint16Array),
  uint16: numbersIn(7, "int32", Uint16Array),
  complex128: { ...numbersIn(12, "double", Float64Array), width: 2 },
  float16: numbersIn(13, "int32", Uint16Array),
  uint32: numbersIn(16, "uint32", Uint32Array),
  uint64: numbersIn(17, "uint64", BigUint64Array),
  float8_e5m2: float8,
  float8_e4m3fn: float8,
  float8_e4m3fnuz: float8,
  float8_e4m3b11fnuz: float8,
  float8_e5m2fnuz: float8,
  int4: numbersIn(7, "int32", Int8Array),
  uint4: numbersIn(7, "int32", Uint8Array),
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
  return new (arrayTypeOf(dtype))(length);
}

/** The same over a part of a buffer, which must begin at a multiple of an entry's size. */
export function numbersAt(dtype: DataType, buffer: ArrayBuffer, byteOffset: number, length: number): NumberArray {
  return new (arrayTypeOf(dtype))(buffer, byteOffset, length);
}

/**
 * What makes arrays that hold numbers of `dtype`: the constructor of such an array.
 * @throws ProtocolError `unsupported-dtype` for string, resource and variant
 */
export function arrayTypeOf(dtype: DataType): NumberArrayType {
  const { array } = storageOf(dtype);
  if (array === undefined) {
    throw new ProtocolError("unsupported-dtype", `a tensor of type ${dtype} does not hold numbers`);
  }
  return array;
}

/** Kind of each number list of `tensorflow.TensorProto`, by field number. */
export const numberListNames: ReadonlyMap<number, ListName> = new Map(
  Object.values(storages).flatMap(({ list }) => (list.kind === "numbers" ? [[list.fieldNumber, list.name]] : [])),
);
