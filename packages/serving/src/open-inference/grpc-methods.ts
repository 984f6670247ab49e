import {
  decodeInferRequest,
  encodeInferResponse,
  type GrpcInferRequest,
  ModelMetadataRequest,
  ModelMetadataResponse,
  ModelReadyRequest,
  ModelReadyResponse,
  ModelStatisticsRequest,
  ModelStatisticsResponse,
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  ServerLiveRequest,
  ServerLiveResponse,
  ServerMetadataRequest,
  ServerMetadataResponse,
  ServerReadyRequest,
  ServerReadyResponse,
  type WireLimits,
} from "@sealserve/protocol";
import { grpcCall, typedRpc } from "../grpc/typed-rpc.ts";
import type { UnaryMethod, UnaryMethods } from "../grpc/unary-call.ts";
import type { Health } from "../health/health.ts";
import type { InferenceService } from "./inference-service.ts";

const SERVICE = "/inference.GRPCInferenceService";

/** The rpcs of `inference.GRPCInferenceService` that are offered. @param limits of requests that hold inputs */
export function inferenceMethods(
  service: InferenceService,
  health: Health,
  limits: Partial<WireLimits> = {},
): UnaryMethods {
  return new Map<string, UnaryMethod>([
    [`${SERVICE}/ModelInfer`, async (bytes, signal) => await infer(service, decodeInferRequest(bytes, limits), signal)],
    [`${SERVICE}/ServerLive`, typedRpc(ServerLiveRequest, ServerLiveResponse, async () => ({ live: true }))],
    [
      `${SERVICE}/ServerReady`,
      typedRpc(ServerReadyRequest, ServerReadyResponse, async () => ({ ready: health.ready })),
    ],
    [
      `${SERVICE}/ModelReady`,
      typedRpc(ModelReadyRequest, ModelReadyResponse, async (target) => ({ ready: service.modelReady(target) })),
    ],
    [
      `${SERVICE}/ServerMetadata`,
      typedRpc(ServerMetadataRequest, ServerMetadataResponse, async () => service.serverMetadata()),
    ],
    [
      `${SERVICE}/ModelMetadata`,
      typedRpc(ModelMetadataRequest, ModelMetadataResponse, async (target) => service.modelMetadata(target)),
    ],
    [
      `${SERVICE}/ModelStatistics`,
      typedRpc(ModelStatisticsRequest, ModelStatisticsResponse, async (target) => ({
        modelStats: service.statistics(target),
      })),
    ],
    [
      `${SERVICE}/RepositoryIndex`,
      typedRpc(RepositoryIndexRequest, RepositoryIndexResponse, async ({ ready }) => ({
        models: service.index(ready),
      })),
    ],
  ]);
}

async function infer(service: InferenceService, request: GrpcInferRequest, signal: AbortSignal): Promise<Uint8Array> {
  const target = { name: request.modelName, version: request.modelVersion };
  return encodeInferResponse(await service.infer(target, request, grpcCall(signal)), request.isRaw);
}
