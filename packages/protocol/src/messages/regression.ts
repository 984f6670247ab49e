import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";
import { Input } from "./input.ts";
import { ModelSpec } from "./model-spec.ts";

/** `tensorflow.serving.Regression`. */
export const Regression = message("tensorflow.serving.Regression", { value: field(1, "float") });
/** A value of the message {@link Regression}. */
export type Regression = MessageOf<typeof Regression>;

/** `tensorflow.serving.RegressionResult`: one entry for each example. */
export const RegressionResult = message("tensorflow.serving.RegressionResult", {
  regressions: repeated(1, Regression),
});
/** A value of the message {@link RegressionResult}. */
export type RegressionResult = MessageOf<typeof RegressionResult>;

/** `tensorflow.serving.RegressionRequest`. */
export const RegressionRequest = message("tensorflow.serving.RegressionRequest", {
  modelSpec: field(1, ModelSpec),
  input: field(2, Input),
});
/** A value of the message {@link RegressionRequest}. */
export type RegressionRequest = MessageOf<typeof RegressionRequest>;

/** `tensorflow.serving.RegressionResponse`. */
export const RegressionResponse = message("tensorflow.serving.RegressionResponse", {
  result: field(1, RegressionResult),
  modelSpec: field(2, ModelSpec),
});
/** A value of the message {@link RegressionResponse}. */
export type RegressionResponse = MessageOf<typeof RegressionResponse>;
