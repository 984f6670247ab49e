/** Where a type is declared: files and packages as those who publish the messages have them. */
export interface ProtoFile {
  readonly name: string;
  readonly package: string;
  /** Messages and enumerations on the outermost level, and services. */
  readonly declares: readonly string[];
}

const API = "tensorflow_serving/apis";
const FRAMEWORK = "tensorflow/core/framework";

/** All files with types that an rpc of this server can carry. */
export const PROTO_FILES: readonly ProtoFile[] = [
  serving(`${API}/model.proto`, ["ModelSpec"]),
  serving(`${API}/input.proto`, ["ExampleList", "ExampleListWithContext", "Input"]),
  serving(`${API}/predict.proto`, ["PredictRequest", "PredictResponse"]),
  serving(`${API}/classification.proto`, [
    "Class",
    "Classifications",
    "ClassificationResult",
    "ClassificationRequest",
    "ClassificationResponse",
  ]),
  serving(`${API}/regression.proto`, ["Regression", "RegressionResult", "RegressionRequest", "RegressionResponse"]),
  serving(`${API}/inference.proto`, [
    "InferenceTask",
    "InferenceResult",
    "MultiInferenceRequest",
    "MultiInferenceResponse",
  ]),
  serving(`${API}/get_model_metadata.proto`, [
    "SignatureDefMap",
    "GetModelMetadataRequest",
    "GetModelMetadataResponse",
  ]),
  serving(`${API}/get_model_status.proto`, ["GetModelStatusRequest", "GetModelStatusResponse", "ModelVersionStatus"]),
  serving(`${API}/model_management.proto`, ["Metric", "ReloadConfigRequest", "ReloadConfigResponse"]),
  serving(`${API}/prediction_service.proto`, ["PredictionService"]),
  serving(`${API}/model_service.proto`, ["ModelService"]),
  serving("tensorflow_serving/util/status.proto", ["StatusProto"]),
  serving("tensorflow_serving/config/model_server_config.proto", [
    "ModelType",
    "ModelConfig",
    "ModelConfigList",
    "ModelServerConfig",
  ]),
  serving("tensorflow_serving/config/logging_config.proto", ["SamplingConfig", "LoggingConfig"]),
  serving("tensorflow_serving/config/log_collector_config.proto", ["LogCollectorConfig"]),
  serving("tensorflow_serving/sources/storage_path/file_system_storage_path_source.proto", [
    "FileSystemStoragePathSourceConfig",
  ]),
  tensorflow(`${FRAMEWORK}/tensor.proto`, ["TensorProto"]),
  tensorflow(`${FRAMEWORK}/tensor_shape.proto`, ["TensorShapeProto"]),
  tensorflow(`${FRAMEWORK}/types.proto`, ["DataType"]),
  tensorflow("tensorflow/core/example/feature.proto", ["BytesList", "FloatList", "Int64List", "Feature", "Features"]),
  tensorflow("tensorflow/core/example/example.proto", ["Example"]),
  tensorflow("tensorflow/core/protobuf/meta_graph.proto", ["TensorInfo", "SignatureDef"]),
  { name: "tensorflow/core/protobuf/error_codes.proto", package: "tensorflow.error", declares: ["Code"] },
  { name: "google/protobuf/any.proto", package: "google.protobuf", declares: ["Any"] },
  { name: "google/protobuf/wrappers.proto", package: "google.protobuf", declares: ["Int64Value"] },
  {
    name: "grpc_service.proto",
    package: "inference",
    declares: [
      "GRPCInferenceService",
      "InferParameter",
      "InferTensorContents",
      "ModelInferRequest",
      "ModelInferResponse",
      "ModelMetadataRequest",
      "ModelMetadataResponse",
      "ModelReadyRequest",
      "ModelReadyResponse",
      "ServerLiveRequest",
      "ServerLiveResponse",
      "ServerMetadataRequest",
      "ServerMetadataResponse",
      "ServerReadyRequest",
      "ServerReadyResponse",
      "RepositoryIndexRequest",
      "RepositoryIndexResponse",
      "InferStatistics",
      "ModelStatistics",
      "ModelStatisticsRequest",
      "ModelStatisticsResponse",
      "StatisticDuration",
    ],
  },
  {
    name: "grpc/health/v1/health.proto",
    package: "grpc.health.v1",
    declares: ["Health", "HealthCheckRequest", "HealthCheckResponse"],
  },
  reflection("v1"),
  reflection("v1alpha"),
];

function serving(name: string, declares: readonly string[]): ProtoFile {
  return { name, package: "tensorflow.serving", declares };
}

function tensorflow(name: string, declares: readonly string[]): ProtoFile {
  return { name, package: "tensorflow", declares };
}

function reflection(version: string): ProtoFile {
  return {
    name: `grpc/reflection/${version}/reflection.proto`,
    package: `grpc.reflection.${version}`,
    declares: [
      "ServerReflection",
      "ServerReflectionRequest",
      "ServerReflectionResponse",
      "ExtensionRequest",
      "ExtensionNumberResponse",
      "FileDescriptorResponse",
      "ListServiceResponse",
      "ServiceResponse",
      "ErrorResponse",
    ],
  };
}
