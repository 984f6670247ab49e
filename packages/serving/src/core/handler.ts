import type { Signature } from "@sealserve/models";
import {
  DEFAULT_SIGNATURE_KEY,
  type GetModelMetadataRequest,
  type GetModelMetadataResponse,
  type GetModelStatusRequest,
  type GetModelStatusResponse,
  grpcCodes,
  ModelSpec,
  type ModelVersionStatus,
  modelStates,
  type PredictRequest,
  type PredictResponse,
  ServingError,
  SIGNATURE_DEF_FIELD,
  signatureMetadata,
} from "@sealserve/protocol";
import { chooseOutputs, completeInputs } from "./check-predict.ts";
import { runModel } from "./run.ts";
import type { ServedModel, ServedVersion } from "./served-model.ts";

/**
 * Answers the calls of TensorFlow Serving's API over typed values; gRPC and REST only encode and decode. Every refusal is a
 * ServingError with TensorFlow Serving's code and message.
 */
export class ModelHandler {
  readonly #served: ServedModel;

  constructor(served: ServedModel) {
    this.#served = served;
  }

  /**
   * `PredictionService.Predict`. Inputs that are left out take the signature's default values, which a REST call never
   * comes to: its JSON is read against all inputs of the signature.
   *
   * @param signal a call that has ended before its turn is not run
   * @throws ServingError
   */
  async predict(request: PredictRequest, signal?: AbortSignal): Promise<PredictResponse> {
    const spec = requireSpec(request.modelSpec);
    const { version, model } = this.#served.find(spec);
    const signatureName = spec.signatureName || DEFAULT_SIGNATURE_KEY;
    const signature = model.signatures.get(signatureName);
    if (signature === undefined) {
      throw new ServingError("FAILED_PRECONDITION", `Serving signature key "${signatureName}" not found.`);
    }
    const inputs = completeInputs(signature, request.inputs);
    const outputs = chooseOutputs(signature, request.outputFilter);
    signal?.throwIfAborted();
    return {
      modelSpec: ModelSpec.create({ name: this.#served.name, version, signatureName }),
      outputs: await runModel(model, signatureName, inputs, outputs),
    };
  }

  /** `PredictionService.GetModelMetadata`. @throws ServingError */
  metadata(request: GetModelMetadataRequest): GetModelMetadataResponse {
    const spec = requireSpec(request.modelSpec);
    checkMetadataFields(request.metadataField);
    const { version, model } = this.#served.find(spec);
    return signatureMetadata({ name: this.#served.name, version }, model.signatureDefs);
  }

  /** `ModelService.GetModelStatus`; a label is ignored here. @throws ServingError */
  status(request: GetModelStatusRequest): GetModelStatusResponse {
    const { name, version } = requireSpec(request.modelSpec);
    const known = name === this.#served.name ? this.#served.versions : [];
    const found = known.filter((served) => version === undefined || served.version === version);
    if (found.length === 0) {
      const what = version === undefined ? "any versions" : `version ${version}`;
      throw new ServingError("NOT_FOUND", `Could not find ${what} of model ${name}`);
    }
    return {
      modelVersionStatus: found.map(statusOf),
    };
  }

  /**
   * A signature of the version that a request asks for, by which its JSON is read; the default one for an empty name.
   *
   * @returns undefined when the model has no such signature
   * @throws ServingError when there is no such model or version
   */
  signature(spec: ModelSpec, name: string): Signature | undefined {
    return this.#served.find(spec).model.signatures.get(name || DEFAULT_SIGNATURE_KEY);
  }
}

/** A version whose engine is gone has ended with an error. */
function statusOf({ version, model: { failure } }: ServedVersion): ModelVersionStatus {
  return failure === undefined
    ? { version, state: modelStates.AVAILABLE, status: { errorCode: 0, errorMessage: "" } }
    : {
        version,
        state: modelStates.END,
        status: { errorCode: grpcCodes.INTERNAL.number, errorMessage: failure.message },
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
