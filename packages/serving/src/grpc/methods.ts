import {
  ClassificationRequest,
  ClassificationResponse,
  decodePredictRequest,
  encodePredictResponse,
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  GetModelStatusRequest,
  GetModelStatusResponse,
  type MessageType,
  MultiInferenceRequest,
  MultiInferenceResponse,
  RegressionRequest,
  RegressionResponse,
  type TensorEncoding,
} from "@sealserve/protocol";
import type { Call } from "../core/call.ts";
import type { Handler } from "../core/handler.ts";
import type { GrpcMethods, UnaryMethod } from "./unary-call.ts";

const PREDICTION = "/tensorflow.serving.PredictionService";
const MODEL = "/tensorflow.serving.ModelService";

/**
 * The rpcs of TensorFlow Serving over the handler core.
 *
 * @param encoding how Predict's answers are written; `asContent` is `--enable_serialization_as_tensor_content`
 */
export function servingMethods(handler: Handler, encoding: TensorEncoding = {}): GrpcMethods {
  return new Map<string, UnaryMethod>([
    [
      `${PREDICTION}/Predict`,
      async (bytes, signal) =>
        encodePredictResponse(await handler.predict(decodePredictRequest(bytes), callOf(signal)), encoding),
    ],
    [
      `${PREDICTION}/Classify`,
      rpc(ClassificationRequest, ClassificationResponse, (...args) => handler.classify(...args)),
    ],
    [`${PREDICTION}/Regress`, rpc(RegressionRequest, RegressionResponse, (...args) => handler.regress(...args))],
    [
      `${PREDICTION}/MultiInference`,
      rpc(MultiInferenceRequest, MultiInferenceResponse, (...args) => handler.multiInference(...args)),
    ],
    [
      `${PREDICTION}/GetModelMetadata`,
      rpc(GetModelMetadataRequest, GetModelMetadataResponse, async (request) => handler.metadata(request)),
    ],
    [
      `${MODEL}/GetModelStatus`,
      rpc(GetModelStatusRequest, GetModelStatusResponse, async (request) => handler.status(request)),
    ],
  ]);
}

/** An rpc whose messages are declared. */
function rpc<Request, Response>(
  requestType: MessageType<Request>,
  responseType: MessageType<Response>,
  answer: (request: Request, call: Call) => Promise<Response>,
): UnaryMethod {
  return async (bytes, signal) => {
    const response = await answer(requestType.decode(bytes), callOf(signal));
    return responseType.encode(response as Partial<Response>);
  };
}

function callOf(signal: AbortSignal): Call {
  return { signal, entrypoint: "GRPC" };
}
