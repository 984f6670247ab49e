import {
  ClassificationRequest,
  ClassificationResponse,
  decodePredictRequest,
  encodePredictResponse,
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  GetModelStatusRequest,
  GetModelStatusResponse,
  MultiInferenceRequest,
  MultiInferenceResponse,
  RegressionRequest,
  RegressionResponse,
  type TensorEncoding,
  type WireLimits,
} from "@sealserve/protocol";
import { mapResult } from "../core/awaitable.ts";
import type { Handler } from "../core/handler.ts";
import { grpcCall, typedRpc } from "./typed-rpc.ts";
import type { UnaryMethod, UnaryMethods } from "./unary-call.ts";

const PREDICTION = "/tensorflow.serving.PredictionService";
const MODEL = "/tensorflow.serving.ModelService";

/**
 * The rpcs of TensorFlow Serving over the handler core.
 *
 * @param encoding how Predict's answers are written; `asContent` is `--enable_serialization_as_tensor_content`
 * @param limits of requests that hold inputs
 */
export function servingMethods(
  handler: Handler,
  encoding: TensorEncoding = {},
  limits: Partial<WireLimits> = {},
): UnaryMethods {
  return new Map<string, UnaryMethod>([
    [
      `${PREDICTION}/Predict`,
      (bytes, signal) =>
        mapResult(handler.predict(decodePredictRequest(bytes, limits), grpcCall(signal)), (response) =>
          encodePredictResponse(response, encoding, (length) => Buffer.allocUnsafe(length)),
        ),
    ],
    [
      `${PREDICTION}/Classify`,
      typedRpc(ClassificationRequest, ClassificationResponse, (...args) => handler.classify(...args), limits),
    ],
    [
      `${PREDICTION}/Regress`,
      typedRpc(RegressionRequest, RegressionResponse, (...args) => handler.regress(...args), limits),
    ],
    [
      `${PREDICTION}/MultiInference`,
      typedRpc(MultiInferenceRequest, MultiInferenceResponse, (...args) => handler.multiInference(...args), limits),
    ],
    [
      `${PREDICTION}/GetModelMetadata`,
      typedRpc(GetModelMetadataRequest, GetModelMetadataResponse, async (request) => handler.metadata(request)),
    ],
    [
      `${MODEL}/GetModelStatus`,
      typedRpc(GetModelStatusRequest, GetModelStatusResponse, async (request) => handler.status(request)),
    ],
  ]);
}
