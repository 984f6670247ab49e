import { repeated } from "../../protobuf/list-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field } from "../../protobuf/single-field.ts";
import { DataTypeEnum } from "./data-type.ts";
import { VersionDef } from "./graph.ts";
import { TensorShapeProto } from "./tensor-shape.ts";

/** `tensorflow.BundleHeaderProto` (tensor_bundle.proto): the entry with the empty key; endianness 0 is little. */
export const BundleHeaderProto = message("tensorflow.BundleHeaderProto", {
  numShards: field(1, "int32"),
  endianness: field(2, "int32"),
  version: field(3, VersionDef),
});
/** A value of the message {@link BundleHeaderProto}. */
export type BundleHeaderProto = MessageOf<typeof BundleHeaderProto>;

/** `tensorflow.BundleEntryProto` (tensor_bundle.proto): where a checkpoint keeps one tensor. */
export const BundleEntryProto = message("tensorflow.BundleEntryProto", {
  dtype: field(1, DataTypeEnum),
  shape: field(2, TensorShapeProto),
  shardId: field(3, "int32"),
  offset: field(4, "int64"),
  size: field(5, "int64"),
  /** Masked CRC-32C of the tensor's bytes. */
  crc32c: field(6, "fixed32"),
  /** Encoded `tensorflow.TensorSliceProto`s: present when the tensor is stored in parts. */
  slices: repeated(7, "bytes"),
});
/** A value of the message {@link BundleEntryProto}. */
export type BundleEntryProto = MessageOf<typeof BundleEntryProto>;
