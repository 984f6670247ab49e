import {
  decodePredictRequest,
  encodePredictResponse,
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  GetModelStatusRequest,
  GetModelStatusResponse,
} from "@sealserve/protocol";
import type { Handler } from "../core/handler.ts";
import type { GrpcMethods, UnaryMethod } from "./unary-call.ts";

/** The rpcs of TensorFlow Serving that this node answers, over the handler core. */
export function servingMethods(handler: Handler): GrpcMethods {
  return new Map<string, UnaryMethod>([
    [
      "/tensorflow.serving.PredictionService/Predict",
      async (bytes, signal) =>
        encodePredictResponse(await handler.predict(decodePredictRequest(bytes), { signal, entrypoint: "GRPC" })),
    ],
    [
      "/tensorflow.serving.PredictionService/GetModelMetadata",
      async (bytes) => GetModelMetadataResponse.encode(handler.metadata(GetModelMetadataRequest.decode(bytes))),
    ],
    [
      "/tensorflow.serving.ModelService/GetModelStatus",
      async (bytes) => GetModelStatusResponse.encode(handler.status(GetModelStatusRequest.decode(bytes))),
    ],
  ]);
}
