import type { Signature } from "@sealserve/models";
import {
  type ClassificationRequest,
  type ClassificationResponse,
  DEFAULT_SIGNATURE_KEY,
  type GetModelMetadataRequest,
  type GetModelMetadataResponse,
  type GetModelStatusRequest,
  type GetModelStatusResponse,
  grpcCodes,
  ModelSpec,
  type ModelVersionStatus,
  type MultiInferenceRequest,
  type MultiInferenceResponse,
  modelStates,
  type PredictRequest,
  type PredictResponse,
  type RegressionRequest,
  type RegressionResponse,
  ServingError,
  SIGNATURE_DEF_FIELD,
  signatureMetadata,
} from "@sealserve/protocol";
import type { Awaitable } from "./awaitable.ts";
import type { Call } from "./call.ts";
import { classify, regress } from "./infer.ts";
import { multiInference } from "./multi-inference.ts";
import { predict } from "./predict.ts";
import type { Servables, VersionStatus } from "./servables.ts";
import type { SignatureOptions } from "./signature-options.ts";

/**
 * The calls of TensorFlow Serving's API over typed values; gRPC and REST only encode and decode. Every refusal is a
 * ServingError with TensorFlow Serving's code and message.
 */
export interface Handler {
  /** `PredictionService.Predict`, answered at once where the model can. A call that has ended before its turn is not run. */
  predict(request: PredictRequest, call: Call): Awaitable<PredictResponse>;
  /** `PredictionService.Classify`. */
  classify(request: ClassificationRequest, call: Call): Promise<ClassificationResponse>;
  /** `PredictionService.Regress`. */
  regress(request: RegressionRequest, call: Call): Promise<RegressionResponse>;
  /** `PredictionService.MultiInference`: the first task says which version is meant. */
  multiInference(request: MultiInferenceRequest, call: Call): Promise<MultiInferenceResponse>;
  /** `PredictionService.GetModelMetadata`. */
  metadata(request: GetModelMetadataRequest): GetModelMetadataResponse;
  /** `ModelService.GetModelStatus`; a label is ignored here. */
  status(request: GetModelStatusRequest): GetModelStatusResponse;
  /**
   * A signature of the version that a request asks for, by which its JSON is read; the default one for an empty name, and
   * undefined when the model has no such signature.
   */
  signature(spec: ModelSpec, name: string): Signature | undefined;
}

/** Answers calls from the models of a server. */
export class ModelHandler implements Handler {
  readonly #servables: Servables;
  readonly #options: SignatureOptions;

  constructor(servables: Servables, options: SignatureOptions = {}) {
    this.#servables = servables;
    this.#options = options;
  }

  predict(request: PredictRequest, call: Call): Awaitable<PredictResponse> {
    const spec = requireSpec(request.modelSpec);
    return this.#servables.use(spec, (servable) => predict(servable, request, spec.signatureName, call, this.#options));
  }

  async classify(request: ClassificationRequest, call: Call): Promise<ClassificationResponse> {
    const spec = requireSpec(request.modelSpec);
    return await this.#servables.use(spec, (servable) =>
      classify(servable, request, spec.signatureName, call, this.#options),
    );
  }

  async regress(request: RegressionRequest, call: Call): Promise<RegressionResponse> {
    const spec = requireSpec(request.modelSpec);
    return await this.#servables.use(spec, (servable) =>
      regress(servable, request, spec.signatureName, call, this.#options),
    );
  }

  async multiInference(request: MultiInferenceRequest, call: Call): Promise<MultiInferenceResponse> {
    const spec = request.tasks[0]?.modelSpec ?? ModelSpec.create();
    return await this.#servables.use(spec, (servable) => multiInference(servable, request, call, this.#options));
  }

  metadata(request: GetModelMetadataRequest): GetModelMetadataResponse {
    const spec = requireSpec(request.modelSpec);
    checkMetadataFields(request.metadataField);
    const { name, version, model } = this.#servables.find(spec);
    return signatureMetadata({ name, version }, model.signatureDefs);
  }

  status(request: GetModelStatusRequest): GetModelStatusResponse {
    const { name, version } = requireSpec(request.modelSpec);
    const found = this.#servables.versions(name).filter((known) => version === undefined || known.version === version);
    if (found.length === 0) {
      const what = version === undefined ? "any versions" : `version ${version}`;
      throw new ServingError("NOT_FOUND", `Could not find ${what} of model ${name}`);
    }
    return { modelVersionStatus: found.map(encodeStatus) };
  }

  signature(spec: ModelSpec, name: string): Signature | undefined {
    return this.#servables.find(spec).model.signatures.get(name || DEFAULT_SIGNATURE_KEY);
  }
}

function encodeStatus({ version, state, error }: VersionStatus): ModelVersionStatus {
  const { code, message } = error ?? { code: "OK", message: "" };
  return {
    version,
    state: modelStates[state],
    status: { errorCode: grpcCodes[code].number, errorMessage: message },
  };
}

function requireSpec(spec: ModelSpec | undefined): ModelSpec {
  if (spec === undefined) {
    throw new ServingError("INVALID_ARGUMENT", "Missing ModelSpec");
  }
  return spec;
}

function checkMetadataFields(fields: readonly string[]): void {
  if (fields.length === 0) {
    throw new ServingError("INVALID_ARGUMENT", "GetModelMetadataRequest must specify at least one metadata_field");
  }
  const unknown = fields.find((field) => field !== SIGNATURE_DEF_FIELD);
  if (unknown !== undefined) {
    throw new ServingError("INVALID_ARGUMENT", `Metadata field ${unknown} is not supported`);
  }
}
