import { type MessageOf, message } from "../protobuf/message.ts";
import { field, oneof } from "../protobuf/single-field.ts";
import { ClassificationRequest } from "./classification.ts";
import { MultiInferenceRequest } from "./multi-inference.ts";
import { RegressionRequest } from "./regression.ts";

const LOG_TYPE = "log_type";

const ClassifyLog = message("tensorflow.serving.ClassifyLog", { request: field(1, ClassificationRequest) });
const RegressLog = message("tensorflow.serving.RegressLog", { request: field(1, RegressionRequest) });
const MultiInferenceLog = message("tensorflow.serving.MultiInferenceLog", { request: field(1, MultiInferenceRequest) });
const PredictLog = message("tensorflow.serving.PredictLog", {
  /** An encoded `tensorflow.serving.PredictRequest`. */
  request: field(1, "bytes"),
});

/** `tensorflow.serving.PredictionLog`: a request that was logged, or is to be run as warm-up. Its answer is left out. */
export const PredictionLog = message("tensorflow.serving.PredictionLog", {
  classifyLog: oneof(LOG_TYPE, 2, ClassifyLog),
  regressLog: oneof(LOG_TYPE, 3, RegressLog),
  multiInferenceLog: oneof(LOG_TYPE, 4, MultiInferenceLog),
  /** An encoded `tensorflow.serving.SessionRunLog`. */
  sessionRunLog: oneof(LOG_TYPE, 5, "bytes"),
  predictLog: oneof(LOG_TYPE, 6, PredictLog),
  /** An encoded `tensorflow.serving.PredictStreamedLog`. */
  predictStreamedLog: oneof(LOG_TYPE, 7, "bytes"),
});
/** A value of the message {@link PredictionLog}. */
export type PredictionLog = MessageOf<typeof PredictionLog>;
