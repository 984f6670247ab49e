import type { DataType } from "@sealserve/protocol";

interface ElementTypeRow {
  /** Number in `onnx.TensorProto.DataType`. */
  readonly number: number;
  readonly dtype: DataType;
  /** Bytes of an element in raw form: half a one where two share it; undefined for strings. */
  readonly bytes: number | undefined;
  /** Typed list of `onnx.TensorProto` that holds the values when `rawData` does not. */
  readonly list: "floatData" | "int32Data" | "stringData" | "int64Data" | "doubleData" | "uint64Data";
  /** List entries an element takes: a complex number takes two, two 4-bit numbers share one. */
  readonly listEntries: number;
}

const rows: readonly ElementTypeRow[] = [
  { number: 1, dtype: "float32", bytes: 4, list: "floatData", listEntries: 1 },
  { number: 2, dtype: "uint8", bytes: 1, list: "int32Data", listEntries: 1 },
  { number: 3, dtype: "int8", bytes: 1, list: "int32Data", listEntries: 1 },
  { number: 4, dtype: "uint16", bytes: 2, list: "int32Data", listEntries: 1 },
  { number: 5, dtype: "int16", bytes: 2, list: "int32Data", listEntries: 1 },
  { number: 6, dtype: "int32", bytes: 4, list: "int32Data", listEntries: 1 },
  { number: 7, dtype: "int64", bytes: 8, list: "int64Data", listEntries: 1 },
  { number: 8, dtype: "string", bytes: undefined, list: "stringData", listEntries: 1 },
  { number: 9, dtype: "bool", bytes: 1, list: "int32Data", listEntries: 1 },
  { number: 10, dtype: "float16", bytes: 2, list: "int32Data", listEntries: 1 },
  { number: 11, dtype: "float64", bytes: 8, list: "doubleData", listEntries: 1 },
  { number: 12, dtype: "uint32", bytes: 4, list: "uint64Data", listEntries: 1 },
  { number: 13, dtype: "uint64", bytes: 8, list: "uint64Data", listEntries: 1 },
  { number: 14, dtype: "complex64", bytes: 8, list: "floatData", listEntries: 2 },
  { number: 15, dtype: "complex128", bytes: 16, list: "doubleData", listEntries: 2 },
  { number: 16, dtype: "bfloat16", bytes: 2, list: "int32Data", listEntries: 1 },
  { number: 17, dtype: "float8_e4m3fn", bytes: 1, list: "int32Data", listEntries: 1 },
  { number: 18, dtype: "float8_e4m3fnuz", bytes: 1, list: "int32Data", listEntries: 1 },
  { number: 19, dtype: "float8_e5m2", bytes: 1, list: "int32Data", listEntries: 1 },
  { number: 20, dtype: "float8_e5m2fnuz", bytes: 1, list: "int32Data", listEntries: 1 },
  { number: 21, dtype: "uint4", bytes: 0.5, list: "int32Data", listEntries: 0.5 },
  { number: 22, dtype: "int4", bytes: 0.5, list: "int32Data", listEntries: 0.5 },
];

const byNumber = new Map(rows.map((row) => [row.number, row]));
const byType = new Map(rows.map((row) => [row.dtype, row]));

/** What is known about a number of `onnx.TensorProto.DataType`; undefined for types this package does not take. */
export function elementType(number: number): ElementTypeRow | undefined {
  return byNumber.get(number);
}

/** Number in `onnx.TensorProto.DataType`; undefined for types that ONNX lacks. */
export function elementTypeNumber(dtype: DataType): number | undefined {
  return byType.get(dtype)?.number;
}

/** Whether elements of a type share bytes: weights may, what goes into a model and comes out of it does not. */
export function isPacked({ bytes }: ElementTypeRow): boolean {
  return bytes !== undefined && bytes < 1;
}

/** Bytes of one element in memory; undefined for strings, for elements that share bytes and for types that ONNX lacks. */
export function elementBytes(dtype: DataType): number | undefined {
  const type = byType.get(dtype);
  return type === undefined || isPacked(type) ? undefined : type.bytes;
}
