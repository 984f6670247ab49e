import { type MessageOf, message } from "../protobuf/message.ts";
import { field, oneof, wrapped } from "../protobuf/single-field.ts";

/** `tensorflow.serving.ModelSpec`: which model a call means. Version and label exclude each other. */
export const ModelSpec = message("tensorflow.serving.ModelSpec", {
  name: field(1, "string"),
  version: wrapped(2, "int64", "version_choice"),
  versionLabel: oneof("version_choice", 4, "string"),
  signatureName: field(3, "string"),
});
/** A value of the message {@link ModelSpec}. */
export type ModelSpec = MessageOf<typeof ModelSpec>;
