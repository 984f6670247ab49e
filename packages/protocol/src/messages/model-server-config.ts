import { enumeration } from "../protobuf/enumeration.ts";
import { repeated } from "../protobuf/list-field.ts";
import { map } from "../protobuf/map-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field, oneof } from "../protobuf/single-field.ts";
import { Any } from "./any.ts";

const POLICY = "tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy";

const Latest = message(`${POLICY}.Latest`, { numVersions: field(1, "uint32") });
const All = message(`${POLICY}.All`, {});
const Specific = message(`${POLICY}.Specific`, { versions: repeated(1, "int64") });

/** Which versions of a model are served (file_system_storage_path_source.proto). */
export const ServableVersionPolicy = message(POLICY, {
  latest: oneof("policy_choice", 100, Latest),
  all: oneof("policy_choice", 101, All),
  specific: oneof("policy_choice", 102, Specific),
});
/** A value of the message {@link ServableVersionPolicy}. */
export type ServableVersionPolicy = MessageOf<typeof ServableVersionPolicy>;

/** Values of the old enumeration `tensorflow.serving.ModelType`. */
export const modelTypes = { MODEL_TYPE_UNSPECIFIED: 0, TENSORFLOW: 1, OTHER: 2 } as const;

const LogCollectorConfig = message("tensorflow.serving.LogCollectorConfig", {
  type: field(1, "string"),
  filenamePrefix: field(2, "string"),
});

const SamplingConfig = message("tensorflow.serving.SamplingConfig", {
  samplingRate: field(1, "double"),
  attributes: field(2, "int32"),
});

/** `tensorflow.serving.LoggingConfig`: how requests would be logged. */
export const LoggingConfig = message("tensorflow.serving.LoggingConfig", {
  logCollectorConfig: field(1, LogCollectorConfig),
  samplingConfig: field(2, SamplingConfig),
});
/** A value of the message {@link LoggingConfig}. */
export type LoggingConfig = MessageOf<typeof LoggingConfig>;

/** `tensorflow.serving.ModelConfig`: a model to serve (model_server_config.proto). */
export const ModelConfig = message("tensorflow.serving.ModelConfig", {
  name: field(1, "string"),
  basePath: field(2, "string"),
  /** A number of {@link modelTypes}; deprecated for `modelPlatform`. */
  modelType: field(3, enumeration("tensorflow.serving.ModelType", modelTypes)),
  modelPlatform: field(4, "string"),
  loggingConfig: field(6, LoggingConfig),
  modelVersionPolicy: field(7, ServableVersionPolicy),
  versionLabels: map(8, "string", "int64"),
});
/** A value of the message {@link ModelConfig}. */
export type ModelConfig = MessageOf<typeof ModelConfig>;

/** `tensorflow.serving.ModelConfigList`. */
export const ModelConfigList = message("tensorflow.serving.ModelConfigList", { config: repeated(1, ModelConfig) });
/** A value of the message {@link ModelConfigList}. */
export type ModelConfigList = MessageOf<typeof ModelConfigList>;

/** `tensorflow.serving.ModelServerConfig`: what `--model_config_file` holds in text form. */
export const ModelServerConfig = message("tensorflow.serving.ModelServerConfig", {
  modelConfigList: oneof("config", 1, ModelConfigList),
  customModelConfig: oneof("config", 2, Any),
});
/** A value of the message {@link ModelServerConfig}. */
export type ModelServerConfig = MessageOf<typeof ModelServerConfig>;
