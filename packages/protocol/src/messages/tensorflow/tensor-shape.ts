import { repeated } from "../../protobuf/list-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field } from "../../protobuf/single-field.ts";

/** `tensorflow.TensorShapeProto` (tensor_shape.proto); a dimension of -1 is of unknown size. */
export const TensorShapeProto = message("tensorflow.TensorShapeProto", {
  dim: repeated(2, message("tensorflow.TensorShapeProto.Dim", { size: field(1, "int64"), name: field(2, "string") })),
  unknownRank: field(3, "bool"),
});
/** A value of the message {@link TensorShapeProto}. */
export type TensorShapeProto = MessageOf<typeof TensorShapeProto>;
