import { numbers, repeated } from "../../protobuf/list-field.ts";
import { map } from "../../protobuf/map-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field, oneof } from "../../protobuf/single-field.ts";

const BytesList = message("tensorflow.BytesList", { value: repeated(1, "bytes") });
const FloatList = message("tensorflow.FloatList", { value: numbers(1, "float") });
const Int64List = message("tensorflow.Int64List", { value: numbers(1, "int64") });

/** `tensorflow.Feature` (feature.proto): a list of one kind, or of none. */
export const Feature = message("tensorflow.Feature", {
  bytesList: oneof("kind", 1, BytesList),
  floatList: oneof("kind", 2, FloatList),
  int64List: oneof("kind", 3, Int64List),
});
/** A value of the message {@link Feature}. */
export type Feature = MessageOf<typeof Feature>;

/** `tensorflow.Features` (feature.proto). */
export const Features = message("tensorflow.Features", { feature: map(1, "string", Feature) });
/** A value of the message {@link Features}. */
export type Features = MessageOf<typeof Features>;

/** `tensorflow.Example` (example.proto): features by name. */
export const Example = message("tensorflow.Example", { features: field(1, Features) });
/** A value of the message {@link Example}. */
export type Example = MessageOf<typeof Example>;
