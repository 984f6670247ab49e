import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";
import { Input } from "./input.ts";
import { ModelSpec } from "./model-spec.ts";

/** `tensorflow.serving.Class`. The label is kept as bytes: a model can give any, and as on the wire nobody looks at them. */
export const Class = message("tensorflow.serving.Class", {
  label: { ...field(1, "bytes"), declaredAs: "string" },
  score: field(2, "float"),
});
/** A value of the message {@link Class}. */
export type Class = MessageOf<typeof Class>;

/** `tensorflow.serving.Classifications`: the classes of one example. */
export const Classifications = message("tensorflow.serving.Classifications", { classes: repeated(1, Class) });
/** A value of the message {@link Classifications}. */
export type Classifications = MessageOf<typeof Classifications>;

/** `tensorflow.serving.ClassificationResult`: one entry for each example. */
export const ClassificationResult = message("tensorflow.serving.ClassificationResult", {
  classifications: repeated(1, Classifications),
});
/** A value of the message {@link ClassificationResult}. */
export type ClassificationResult = MessageOf<typeof ClassificationResult>;

/** `tensorflow.serving.ClassificationRequest`. */
export const ClassificationRequest = message("tensorflow.serving.ClassificationRequest", {
  modelSpec: field(1, ModelSpec),
  input: field(2, Input),
});
/** A value of the message {@link ClassificationRequest}. */
export type ClassificationRequest = MessageOf<typeof ClassificationRequest>;

/** `tensorflow.serving.ClassificationResponse`. */
export const ClassificationResponse = message("tensorflow.serving.ClassificationResponse", {
  result: field(1, ClassificationResult),
  modelSpec: field(2, ModelSpec),
});
/** A value of the message {@link ClassificationResponse}. */
export type ClassificationResponse = MessageOf<typeof ClassificationResponse>;
