import { encoded } from "../../protobuf/field.ts";
import { map } from "../../protobuf/map-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field, oneof } from "../../protobuf/single-field.ts";
import { DataTypeEnum } from "./data-type.ts";
import { TensorProto } from "./tensor-proto.ts";
import { TensorShapeProto } from "./tensor-shape.ts";

const CooSparse = message("tensorflow.TensorInfo.CooSparse", {
  valuesTensorName: field(1, "string"),
  indicesTensorName: field(2, "string"),
  denseShapeTensorName: field(3, "string"),
});

/** `tensorflow.TensorInfo` (meta_graph.proto): a graph tensor that a signature names. */
export const TensorInfo = message("tensorflow.TensorInfo", {
  name: oneof("encoding", 1, "string"),
  cooSparse: oneof("encoding", 4, CooSparse),
  /** An encoded `tensorflow.TensorInfo.CompositeTensor`. */
  compositeTensor: oneof("encoding", 5, "bytes"),
  dtype: field(2, DataTypeEnum),
  tensorShape: field(3, TensorShapeProto),
});
/** A value of the message {@link TensorInfo}. */
export type TensorInfo = MessageOf<typeof TensorInfo>;

/** `tensorflow.SignatureDef` (meta_graph.proto). Defaults are encoded `tensorflow.TensorProto`s. */
export const SignatureDef = message("tensorflow.SignatureDef", {
  inputs: map(1, "string", TensorInfo),
  outputs: map(2, "string", TensorInfo),
  methodName: field(3, "string"),
  defaults: map(4, "string", encoded(TensorProto)),
});
/** A value of the message {@link SignatureDef}. */
export type SignatureDef = MessageOf<typeof SignatureDef>;

/** Key of the signature that a request means when it names none. */
export const DEFAULT_SIGNATURE_KEY = "serving_default";
