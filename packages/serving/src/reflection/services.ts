import {
  ClassificationRequest,
  ClassificationResponse,
  field,
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  GetModelStatusRequest,
  GetModelStatusResponse,
  HealthCheckRequest,
  HealthCheckResponse,
  type MessageType,
  ModelInferRequest,
  ModelInferResponse,
  ModelMetadataRequest,
  ModelMetadataResponse,
  ModelReadyRequest,
  ModelReadyResponse,
  ModelSpec,
  ModelStatisticsRequest,
  ModelStatisticsResponse,
  MultiInferenceRequest,
  MultiInferenceResponse,
  map,
  message,
  RegressionRequest,
  RegressionResponse,
  ReloadConfigRequest,
  ReloadConfigResponse,
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  repeated,
  ServerLiveRequest,
  ServerLiveResponse,
  ServerMetadataRequest,
  ServerMetadataResponse,
  ServerReadyRequest,
  ServerReadyResponse,
  TensorProto,
} from "@sealserve/protocol";
import { type ReflectionVersion, reflectionMessages } from "./reflection-messages.ts";

/** An rpc as a service declares it. */
export interface RpcDeclaration {
  readonly name: string;
  readonly request: MessageType<unknown>;
  readonly response: MessageType<unknown>;
  readonly clientStreaming: boolean;
  readonly serverStreaming: boolean;
}

/** A service by its full name. */
export interface ServiceDeclaration {
  readonly name: string;
  readonly rpcs: readonly RpcDeclaration[];
}

// Predict's messages have a codec of their own; these say what is on the wire.
const PredictRequest = message("tensorflow.serving.PredictRequest", {
  modelSpec: field(1, ModelSpec),
  inputs: map(2, "string", TensorProto),
  outputFilter: repeated(3, "string"),
});
const PredictResponse = message("tensorflow.serving.PredictResponse", {
  outputs: map(1, "string", TensorProto),
  modelSpec: field(2, ModelSpec),
});

/** The services that this server may offer. */
export const SERVICES: readonly ServiceDeclaration[] = [
  {
    name: "tensorflow.serving.PredictionService",
    rpcs: [
      unary("Classify", ClassificationRequest, ClassificationResponse),
      unary("Regress", RegressionRequest, RegressionResponse),
      unary("Predict", PredictRequest, PredictResponse),
      unary("MultiInference", MultiInferenceRequest, MultiInferenceResponse),
      unary("GetModelMetadata", GetModelMetadataRequest, GetModelMetadataResponse),
    ],
  },
  {
    name: "tensorflow.serving.ModelService",
    rpcs: [
      unary("GetModelStatus", GetModelStatusRequest, GetModelStatusResponse),
      unary("HandleReloadConfigRequest", ReloadConfigRequest, ReloadConfigResponse),
    ],
  },
  {
    name: "inference.GRPCInferenceService",
    rpcs: [
      unary("ServerLive", ServerLiveRequest, ServerLiveResponse),
      unary("ServerReady", ServerReadyRequest, ServerReadyResponse),
      unary("ModelReady", ModelReadyRequest, ModelReadyResponse),
      unary("ServerMetadata", ServerMetadataRequest, ServerMetadataResponse),
      unary("ModelMetadata", ModelMetadataRequest, ModelMetadataResponse),
      unary("ModelInfer", ModelInferRequest, ModelInferResponse),
      unary("ModelStatistics", ModelStatisticsRequest, ModelStatisticsResponse),
      unary("RepositoryIndex", RepositoryIndexRequest, RepositoryIndexResponse),
    ],
  },
  {
    name: "grpc.health.v1.Health",
    rpcs: [
      unary("Check", HealthCheckRequest, HealthCheckResponse),
      { ...unary("Watch", HealthCheckRequest, HealthCheckResponse), serverStreaming: true },
    ],
  },
  reflectionService("v1"),
  reflectionService("v1alpha"),
];

function unary(name: string, request: MessageType<unknown>, response: MessageType<unknown>): RpcDeclaration {
  return { name, request, response, clientStreaming: false, serverStreaming: false };
}

function reflectionService(version: ReflectionVersion): ServiceDeclaration {
  const { request, response } = reflectionMessages(version);
  const rpc = { ...unary("ServerReflectionInfo", request, response), clientStreaming: true, serverStreaming: true };
  return { name: `grpc.reflection.${version}.ServerReflection`, rpcs: [rpc] };
}
