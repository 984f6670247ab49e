import { invalidArgument, ServingError } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import type { InferTensorContents } from "./infer-messages.ts";

/** One row of the table of the protocol's datatypes. */
interface DatatypeRow {
  /** Name in the Open Inference Protocol. */
  readonly name: string;
  readonly dtype: DataType;
  /** Member of the message InferTensorContents with the elements; undefined for types that only come in raw form. */
  readonly contents: keyof InferTensorContents | undefined;
}

/** Datatypes of the Open Inference Protocol, version 2, and BF16 as Triton has it. */
const datatypes: readonly DatatypeRow[] = [
  { name: "BOOL", dtype: "bool", contents: "boolContents" },
  { name: "UINT8", dtype: "uint8", contents: "uintContents" },
  { name: "UINT16", dtype: "uint16", contents: "uintContents" },
  { name: "UINT32", dtype: "uint32", contents: "uintContents" },
  { name: "UINT64", dtype: "uint64", contents: "uint64Contents" },
  { name: "INT8", dtype: "int8", contents: "intContents" },
  { name: "INT16", dtype: "int16", contents: "intContents" },
  { name: "INT32", dtype: "int32", contents: "intContents" },
  { name: "INT64", dtype: "int64", contents: "int64Contents" },
  { name: "FP16", dtype: "float16", contents: undefined },
  { name: "BF16", dtype: "bfloat16", contents: undefined },
  { name: "FP32", dtype: "float32", contents: "fp32Contents" },
  { name: "FP64", dtype: "float64", contents: "fp64Contents" },
  { name: "BYTES", dtype: "string", contents: "bytesContents" },
];

const byName = new Map(datatypes.map((row) => [row.name, row]));
const byDataType = new Map(datatypes.map((row) => [row.dtype, row]));

/** Data type of a tensor that a request calls by its name here. @throws ServingError INVALID_ARGUMENT for an unknown name */
export function dataTypeOf(datatype: string): DataType {
  const row = byName.get(datatype);
  if (row === undefined) {
    throw invalidArgument(`An input has an unknown datatype; one of ${[...byName.keys()].join(", ")} is expected`);
  }
  return row.dtype;
}

/** Name of a data type in this protocol; undefined for those that it cannot carry. */
export function datatypeName(dtype: DataType): string | undefined {
  return byDataType.get(dtype)?.name;
}

/** Name of an output's data type. @throws ServingError UNIMPLEMENTED for one that the protocol cannot carry */
export function outputDatatype(output: string, dtype: DataType): string {
  const name = datatypeName(dtype);
  if (name === undefined) {
    const message = `Output ${output} is of type ${dtype}, which the Open Inference Protocol cannot carry`;
    throw new ServingError("UNIMPLEMENTED", message);
  }
  return name;
}

/** Where the elements of a data type are when they are not in raw form; undefined where they can only be that. */
export function contentsMember(dtype: DataType): keyof InferTensorContents | undefined {
  return byDataType.get(dtype)?.contents;
}
