import { once } from "node:events";
import { HealthCheckRequest, HealthCheckResponse, ServingError, servingStatuses } from "@sealserve/protocol";
import { serverStreaming } from "../grpc/streaming-method.ts";
import { typedRpc } from "../grpc/typed-rpc.ts";
import type { GrpcMethod, GrpcMethods } from "../grpc/unary-call.ts";
import type { Health } from "./health.ts";

/** The services whose health can be asked for: all of them are as healthy as the server. TensorFlow Serving uses short names. */
const SERVICES: ReadonlySet<string> = new Set([
  "",
  "PredictionService",
  "ModelService",
  "tensorflow.serving.PredictionService",
  "tensorflow.serving.ModelService",
  "inference.GRPCInferenceService",
]);

/** The rpcs of `grpc.health.v1.Health` (GRPC Health Checking Protocol). */
export function healthMethods(health: Health): GrpcMethods {
  return new Map<string, GrpcMethod>([
    [
      "/grpc.health.v1.Health/Check",
      typedRpc(HealthCheckRequest, HealthCheckResponse, async ({ service }) => {
        if (!SERVICES.has(service)) {
          throw new ServingError("NOT_FOUND", "The health of this service is not known");
        }
        return { status: statusOf(health.ready) };
      }),
    ],
    ["/grpc.health.v1.Health/Watch", serverStreaming((request, signal) => watch(health, request, signal))],
  ]);
}

async function* watch(health: Health, request: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!SERVICES.has(HealthCheckRequest.decode(request).service)) {
    yield HealthCheckResponse.encode({ status: servingStatuses.SERVICE_UNKNOWN });
    await once(signal, "abort");
    return;
  }
  let { ready } = health;
  for (;;) {
    yield HealthCheckResponse.encode({ status: statusOf(ready) });
    ready = await health.changed(ready, signal);
  }
}

function statusOf(ready: boolean): number {
  return ready ? servingStatuses.SERVING : servingStatuses.NOT_SERVING;
}
