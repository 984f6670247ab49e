/** The rpc that the figures call, and its message. */
import { encodePredictRequest, ModelSpec, messagePrefix, type Tensor } from "@sealserve/protocol";
import type { ModelName } from "./bench-models.ts";

/** Path of the rpc. */
export const PREDICT = "/tensorflow.serving.PredictionService/Predict";

/** A Predict request with its prefix, its tensor as raw content. */
export function grpcBody(model: ModelName, input: string, tensor: Tensor): Uint8Array {
  const modelSpec = ModelSpec.create({ name: model });
  const message = encodePredictRequest(
    { modelSpec, inputs: new Map([[input, tensor]]), outputFilter: [] },
    { asContent: true },
  );
  return Buffer.concat([messagePrefix(message.length), message]);
}
