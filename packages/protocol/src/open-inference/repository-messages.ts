import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";

/** `inference.RepositoryIndexRequest` (Triton's model repository extension). */
export const RepositoryIndexRequest = message("inference.RepositoryIndexRequest", {
  repositoryName: field(1, "string"),
  ready: field(2, "bool"),
});

/** `inference.RepositoryIndexResponse.ModelIndex`: one version of a model. */
export const ModelIndex = message("inference.RepositoryIndexResponse.ModelIndex", {
  name: field(1, "string"),
  version: field(2, "string"),
  state: field(3, "string"),
  reason: field(4, "string"),
});
/** A value of the message {@link ModelIndex}. */
export type ModelIndex = MessageOf<typeof ModelIndex>;

/** `inference.RepositoryIndexResponse`. */
export const RepositoryIndexResponse = message("inference.RepositoryIndexResponse", {
  models: repeated(1, ModelIndex),
});

/** `inference.ModelStatisticsRequest` (Triton's statistics extension): empty members stand for all. */
export const ModelStatisticsRequest = message("inference.ModelStatisticsRequest", {
  name: field(1, "string"),
  version: field(2, "string"),
});

/** `inference.StatisticDuration`: how often, and nanoseconds in all. */
export const StatisticDuration = message("inference.StatisticDuration", {
  count: field(1, "uint64"),
  ns: field(2, "uint64"),
});
/** A value of the message {@link StatisticDuration}. */
export type StatisticDuration = MessageOf<typeof StatisticDuration>;

/** `inference.InferStatistics`. */
export const InferStatistics = message("inference.InferStatistics", {
  success: field(1, StatisticDuration),
  fail: field(2, StatisticDuration),
  queue: field(3, StatisticDuration),
  computeInput: field(4, StatisticDuration),
  computeInfer: field(5, StatisticDuration),
  computeOutput: field(6, StatisticDuration),
});
/** A value of the message {@link InferStatistics}. */
export type InferStatistics = MessageOf<typeof InferStatistics>;

/** `inference.ModelStatistics`; `lastInference` in milliseconds since 1970. */
export const ModelStatistics = message("inference.ModelStatistics", {
  name: field(1, "string"),
  version: field(2, "string"),
  lastInference: field(3, "uint64"),
  inferenceCount: field(4, "uint64"),
  executionCount: field(5, "uint64"),
  inferenceStats: field(6, InferStatistics),
});
/** A value of the message {@link ModelStatistics}. */
export type ModelStatistics = MessageOf<typeof ModelStatistics>;

/** `inference.ModelStatisticsResponse`. */
export const ModelStatisticsResponse = message("inference.ModelStatisticsResponse", {
  modelStats: repeated(1, ModelStatistics),
});
