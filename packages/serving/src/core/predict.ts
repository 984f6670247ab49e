import { CLASSIFY_METHOD, PREDICT_METHOD, REGRESS_METHOD } from "@sealserve/models";
import {
  DEFAULT_SIGNATURE_KEY,
  ModelSpec,
  type PredictRequest,
  type PredictResponse,
  ServingError,
  type Tensor,
} from "@sealserve/protocol";
import { type Awaitable, mapResult } from "./awaitable.ts";
import type { Call } from "./call.ts";
import { chooseOutputs, completeInputs } from "./check-predict.ts";
import { runModel } from "./run.ts";
import type { Servable } from "./servables.ts";
import type { SignatureOptions } from "./signature-options.ts";

/** Predict runs signatures of any of these. */
const METHODS = [PREDICT_METHOD, CLASSIFY_METHOD, REGRESS_METHOD];

/**
 * `PredictionService.Predict` on one version. Inputs that are left out take the signature's default values, which a REST
 * call never comes to: its JSON is read against all inputs of the signature.
 *
 * @param requestedSignature the one that the request names; the default one when empty
 * @throws ServingError
 */
export function predict(
  servable: Servable,
  request: Pick<PredictRequest, "inputs" | "outputFilter">,
  requestedSignature: string,
  call: Pick<Call, "signal" | "onQueued" | "givesInputs">,
  options: SignatureOptions = {},
): Awaitable<PredictResponse> {
  const { name, version } = servable;
  const signatureName = requestedSignature || DEFAULT_SIGNATURE_KEY;
  const running = run(servable, request, signatureName, call, options);
  return mapResult(running, (outputs) => ({
    modelSpec: ModelSpec.create({ name, version, signatureName }),
    outputs,
  }));
}

function run(
  { model }: Servable,
  request: Pick<PredictRequest, "inputs" | "outputFilter">,
  signatureName: string,
  { signal, onQueued, givesInputs = false }: Pick<Call, "signal" | "onQueued" | "givesInputs">,
  options: SignatureOptions,
): Awaitable<Map<string, Tensor>> {
  const signature = model.signatures.get(signatureName);
  if (signature === undefined) {
    throw new ServingError("FAILED_PRECONDITION", `Serving signature key "${signatureName}" not found.`);
  }
  if (options.checkMethodName === true) {
    checkMethodName(signature.methodName);
  }
  const inputs = completeInputs(signature, request.inputs);
  const outputs = chooseOutputs(signature, request.outputFilter);
  signal.throwIfAborted();
  // Default values are the signature's, for all calls.
  const moveInputs = givesInputs && inputs.size === request.inputs.size;
  return runModel(model, signatureName, inputs, outputs, { signal, onQueued, moveInputs });
}

function checkMethodName(methodName: string): void {
  if (!METHODS.includes(methodName)) {
    const expected = `Expected prediction signature method_name to be one of {${METHODS.join(", ")}}`;
    throw new ServingError("INTERNAL", `${expected}. Was: ${methodName}`);
  }
}
