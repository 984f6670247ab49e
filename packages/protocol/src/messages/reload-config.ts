import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field, oneof } from "../protobuf/single-field.ts";
import { ModelServerConfig } from "./model-server-config.ts";
import { StatusProto } from "./model-status.ts";

/** `tensorflow.serving.Metric`: how much a counter grew. */
export const Metric = message("tensorflow.serving.Metric", {
  name: field(1, "string"),
  int64ValueIncrease: oneof("value_increase", 2, "int64"),
});
/** A value of the message {@link Metric}. */
export type Metric = MessageOf<typeof Metric>;

/** `tensorflow.serving.ReloadConfigRequest`: the list is the whole new truth. */
export const ReloadConfigRequest = message("tensorflow.serving.ReloadConfigRequest", {
  config: field(1, ModelServerConfig),
  /** Counters whose growth during the reload is asked for. */
  metricNames: repeated(2, "string"),
});
/** A value of the message {@link ReloadConfigRequest}. */
export type ReloadConfigRequest = MessageOf<typeof ReloadConfigRequest>;

/** `tensorflow.serving.ReloadConfigResponse`. */
export const ReloadConfigResponse = message("tensorflow.serving.ReloadConfigResponse", {
  status: field(1, StatusProto),
  metric: repeated(2, Metric),
});
/** A value of the message {@link ReloadConfigResponse}. */
export type ReloadConfigResponse = MessageOf<typeof ReloadConfigResponse>;
