import type { MessageType } from "../../protobuf/declaration.ts";
import { encoded } from "../../protobuf/field.ts";
import { numbers, repeated } from "../../protobuf/list-field.ts";
import { map } from "../../protobuf/map-field.ts";
import { message } from "../../protobuf/message.ts";
import { field, oneof } from "../../protobuf/single-field.ts";
import { DataTypeEnum } from "./data-type.ts";
import { TensorProto } from "./tensor-proto.ts";
import { TensorShapeProto } from "./tensor-shape.ts";

/**
 * `tensorflow.AttrValue` (attr_value.proto): exactly one member is set. Tensors stay in their encoded form, for
 * `decodeTensor`.
 */
export interface AttrValue {
  list?: AttrList | undefined;
  s?: Uint8Array | undefined;
  i?: bigint | undefined;
  f?: number | undefined;
  b?: boolean | undefined;
  /** A number of `tensorflow.DataType`. */
  type?: number | undefined;
  shape?: TensorShapeProto | undefined;
  /** An encoded `tensorflow.TensorProto`. */
  tensor?: Uint8Array | undefined;
  placeholder?: string | undefined;
  func?: NameAttrList | undefined;
}

/** `tensorflow.AttrValue.ListValue`. */
export interface AttrList {
  s: readonly Uint8Array[];
  i: BigInt64Array;
  f: Float32Array;
  b: readonly boolean[];
  type: readonly number[];
  shape: readonly TensorShapeProto[];
  tensor: readonly Uint8Array[];
  func: readonly NameAttrList[];
}

/** `tensorflow.NameAttrList`: a function with its attributes. */
export interface NameAttrList {
  name: string;
  attr: ReadonlyMap<string, AttrValue>;
}

/** Codec of {@link NameAttrList}. */
export const NameAttrList: MessageType<NameAttrList> = message("tensorflow.NameAttrList", {
  name: field(1, "string"),
  attr: map(2, "string", () => AttrValue),
});

/** Codec of {@link AttrList}. */
export const AttrList: MessageType<AttrList> = message("tensorflow.AttrValue.ListValue", {
  s: repeated(2, "bytes"),
  i: numbers(3, "int64"),
  f: numbers(4, "float"),
  b: repeated(5, "bool"),
  type: repeated(6, DataTypeEnum),
  shape: repeated(7, TensorShapeProto),
  tensor: repeated(8, encoded(TensorProto)),
  func: repeated(9, NameAttrList),
});

/** Codec of {@link AttrValue}. */
export const AttrValue: MessageType<AttrValue> = message("tensorflow.AttrValue", {
  list: oneof("value", 1, AttrList),
  s: oneof("value", 2, "bytes"),
  i: oneof("value", 3, "int64"),
  f: oneof("value", 4, "float"),
  b: oneof("value", 5, "bool"),
  type: oneof("value", 6, DataTypeEnum),
  shape: oneof("value", 7, TensorShapeProto),
  tensor: oneof("value", 8, encoded(TensorProto)),
  placeholder: oneof("value", 9, "string"),
  func: oneof("value", 10, NameAttrList),
});
