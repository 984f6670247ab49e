import { numbers, repeated } from "../../protobuf/list-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field } from "../../protobuf/single-field.ts";
import { DataTypeEnum } from "./data-type.ts";
import { TensorShapeProto } from "./tensor-shape.ts";

/**
 * `tensorflow.TensorProto` (tensor.proto) field by field, as it is on the wire. To get a tensor's values use
 * `decodeTensor`, which applies the format's rules.
 */
export const TensorProto = message("tensorflow.TensorProto", {
  dtype: field(1, DataTypeEnum),
  tensorShape: field(2, TensorShapeProto),
  versionNumber: field(3, "int32"),
  tensorContent: field(4, "bytes"),
  floatVal: numbers(5, "float"),
  doubleVal: numbers(6, "double"),
  intVal: numbers(7, "int32"),
  stringVal: repeated(8, "bytes"),
  scomplexVal: numbers(9, "float"),
  int64Val: numbers(10, "int64"),
  boolVal: numbers(11, "bool"),
  dcomplexVal: numbers(12, "double"),
  halfVal: numbers(13, "int32"),
  uint32Val: numbers(16, "uint32"),
  uint64Val: numbers(17, "uint64"),
  float8Val: field(18, "bytes"),
});
/** A value of the message {@link TensorProto}. */
export type TensorProto = MessageOf<typeof TensorProto>;
