import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";

const PrometheusConfig = message("tensorflow.serving.PrometheusConfig", {
  enable: field(1, "bool"),
  /** Path on the REST port; empty for the default one. */
  path: field(2, "string"),
});

/** `tensorflow.serving.MonitoringConfig`: what `--monitoring_config_file` holds in text form (monitoring_config.proto). */
export const MonitoringConfig = message("tensorflow.serving.MonitoringConfig", {
  prometheusConfig: field(1, PrometheusConfig),
});
/** A value of the message {@link MonitoringConfig}. */
export type MonitoringConfig = MessageOf<typeof MonitoringConfig>;
