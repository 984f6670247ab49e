import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field, oneof } from "../protobuf/single-field.ts";
import { ClassificationResult } from "./classification.ts";
import { Input } from "./input.ts";
import { ModelSpec } from "./model-spec.ts";
import { RegressionResult } from "./regression.ts";

/** `tensorflow.serving.InferenceTask`: one signature to run, as the method says. */
export const InferenceTask = message("tensorflow.serving.InferenceTask", {
  modelSpec: field(1, ModelSpec),
  methodName: field(2, "string"),
});
/** A value of the message {@link InferenceTask}. */
export type InferenceTask = MessageOf<typeof InferenceTask>;

/** `tensorflow.serving.MultiInferenceRequest`: several tasks over the same examples. */
export const MultiInferenceRequest = message("tensorflow.serving.MultiInferenceRequest", {
  tasks: repeated(1, InferenceTask),
  input: field(2, Input),
});
/** A value of the message {@link MultiInferenceRequest}. */
export type MultiInferenceRequest = MessageOf<typeof MultiInferenceRequest>;

/** `tensorflow.serving.InferenceResult`: what one task gave. */
export const InferenceResult = message("tensorflow.serving.InferenceResult", {
  modelSpec: field(1, ModelSpec),
  classificationResult: oneof("result", 2, ClassificationResult),
  regressionResult: oneof("result", 3, RegressionResult),
});
/** A value of the message {@link InferenceResult}. */
export type InferenceResult = MessageOf<typeof InferenceResult>;

/** `tensorflow.serving.MultiInferenceResponse`: one result for each task, in order. */
export const MultiInferenceResponse = message("tensorflow.serving.MultiInferenceResponse", {
  results: repeated(1, InferenceResult),
});
/** A value of the message {@link MultiInferenceResponse}. */
export type MultiInferenceResponse = MessageOf<typeof MultiInferenceResponse>;
