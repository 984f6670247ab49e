/** One row of the table of TensorFlow data types. */
interface DataTypeRow {
  /** Name used in this code, close to the names of numpy. */
  readonly name: string;
  /** Number in `tensorflow.DataType`. */
  readonly number: number;
  /** Name of that number. */
  readonly protoName: string;
  /** Name that TensorFlow puts into its error messages. */
  readonly errorName: string;
}

/** All data types of TensorFlow's types.proto up to number 30. */
export const dataTypes = [
  { name: "float32", number: 1, protoName: "DT_FLOAT", errorName: "float" },
  { name: "float64", number: 2, protoName: "DT_DOUBLE", errorName: "double" },
  { name: "int32", number: 3, protoName: "DT_INT32", errorName: "int32" },
  { name: "uint8", number: 4, protoName: "DT_UINT8", errorName: "uint8" },
  { name: "int16", number: 5, protoName: "DT_INT16", errorName: "int16" },
  { name: "int8", number: 6, protoName: "DT_INT8", errorName: "int8" },
  { name: "string", number: 7, protoName: "DT_STRING", errorName: "string" },
  { name: "complex64", number: 8, protoName: "DT_COMPLEX64", errorName: "complex64" },
  { name: "int64", number: 9, protoName: "DT_INT64", errorName: "int64" },
  { name: "bool", number: 10, protoName: "DT_BOOL", errorName: "bool" },
  { name: "qint8", number: 11, protoName: "DT_QINT8", errorName: "qint8" },
  { name: "quint8", number: 12, protoName: "DT_QUINT8", errorName: "quint8" },
  { name: "qint32", number: 13, protoName: "DT_QINT32", errorName: "qint32" },
  { name: "bfloat16", number: 14, protoName: "DT_BFLOAT16", errorName: "bfloat16" },
  { name: "qint16", number: 15, protoName: "DT_QINT16", errorName: "qint16" },
  { name: "quint16", number: 16, protoName: "DT_QUINT16", errorName: "quint16" },
  { name: "uint16", number: 17, protoName: "DT_UINT16", errorName: "uint16" },
  { name: "complex128", number: 18, protoName: "DT_COMPLEX128", errorName: "complex128" },
  { name: "float16", number: 19, protoName: "DT_HALF", errorName: "half" },
  { name: "resource", number: 20, protoName: "DT_RESOURCE", errorName: "resource" },
  { name: "variant", number: 21, protoName: "DT_VARIANT", errorName: "variant" },
  { name: "uint32", number: 22, protoName: "DT_UINT32", errorName: "uint32" },
  { name: "uint64", number: 23, protoName: "DT_UINT64", errorName: "uint64" },
  { name: "float8_e5m2", number: 24, protoName: "DT_FLOAT8_E5M2", errorName: "float8_e5m2" },
  { name: "float8_e4m3fn", number: 25, protoName: "DT_FLOAT8_E4M3FN", errorName: "float8_e4m3fn" },
  { name: "float8_e4m3fnuz", number: 26, protoName: "DT_FLOAT8_E4M3FNUZ", errorName: "float8_e4m3fnuz" },
  { name: "float8_e4m3b11fnuz", number: 27, protoName: "DT_FLOAT8_E4M3B11FNUZ", errorName: "float8_e4m3b11fnuz" },
  { name: "float8_e5m2fnuz", number: 28, protoName: "DT_FLOAT8_E5M2FNUZ", errorName: "float8_e5m2fnuz" },
  { name: "int4", number: 29, protoName: "DT_INT4", errorName: "int4" },
  { name: "uint4", number: 30, protoName: "DT_UINT4", errorName: "uint4" },
] as const satisfies readonly DataTypeRow[];

/** Name of a data type: the type of a tensor's elements. */
export type DataType = (typeof dataTypes)[number]["name"];

const byNumber = new Map<number, DataType>(dataTypes.map(({ number, name }) => [number, name]));
const byName = new Map<DataType, DataTypeRow>(dataTypes.map((row) => [row.name, row]));

/** Data type of a number of `tensorflow.DataType`; undefined for 0, reference types and unknown numbers. */
export function dataTypeFromNumber(number: number): DataType | undefined {
  return byNumber.get(number);
}

/** Number in `tensorflow.DataType`. */
export function dataTypeNumber(dtype: DataType): number {
  return rowOf(dtype).number;
}

/** Name in `tensorflow.DataType`, such as `DT_FLOAT`. */
export function dataTypeProtoName(dtype: DataType): string {
  return rowOf(dtype).protoName;
}

/** Name that TensorFlow's messages use, such as `float` or `half`. */
export function dataTypeErrorName(dtype: DataType): string {
  return rowOf(dtype).errorName;
}

function rowOf(dtype: DataType): DataTypeRow {
  return byName.get(dtype) as DataTypeRow;
}
