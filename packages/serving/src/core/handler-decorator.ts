import type { Signature } from "@sealserve/models";
import type {
  ClassificationRequest,
  ClassificationResponse,
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  GetModelStatusRequest,
  GetModelStatusResponse,
  ModelSpec,
  MultiInferenceRequest,
  MultiInferenceResponse,
  PredictRequest,
  PredictResponse,
  RegressionRequest,
  RegressionResponse,
} from "@sealserve/protocol";
import type { Awaitable } from "./awaitable.ts";
import type { Call } from "./call.ts";
import type { Handler } from "./handler.ts";

/** A handler behind something that does more with the calls that run a model. */
export abstract class HandlerDecorator implements Handler {
  protected readonly handler: Handler;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  abstract predict(request: PredictRequest, call: Call): Awaitable<PredictResponse>;
  abstract classify(request: ClassificationRequest, call: Call): Promise<ClassificationResponse>;
  abstract regress(request: RegressionRequest, call: Call): Promise<RegressionResponse>;
  abstract multiInference(request: MultiInferenceRequest, call: Call): Promise<MultiInferenceResponse>;

  metadata(request: GetModelMetadataRequest): GetModelMetadataResponse {
    return this.handler.metadata(request);
  }

  status(request: GetModelStatusRequest): GetModelStatusResponse {
    return this.handler.status(request);
  }

  signature(spec: ModelSpec, name: string): Signature | undefined {
    return this.handler.signature(spec, name);
  }
}
