import {
  type ClassificationRequest,
  type ClassificationResponse,
  DEFAULT_SIGNATURE_KEY,
  invalidArgument,
  ModelSpec,
  type RegressionRequest,
  type RegressionResponse,
} from "@sealserve/protocol";
import type { Call } from "./call.ts";
import { classification } from "./classification.ts";
import { type ExampleMethod, planOutputs, runMethod } from "./example-method.ts";
import { regression } from "./regression.ts";
import { serializedExamples } from "./serialized-examples.ts";
import type { Servable } from "./servables.ts";
import type { SignatureOptions } from "./signature-options.ts";

/**
 * `PredictionService.Classify` on one version.
 *
 * @param requestedSignature the one that the request names; the default one when empty
 * @throws ServingError
 */
export async function classify(
  servable: Servable,
  request: Pick<ClassificationRequest, "input">,
  requestedSignature: string,
  call: Pick<Call, "signal">,
  options: SignatureOptions = {},
): Promise<ClassificationResponse> {
  return await infer(classification, servable, request, requestedSignature, call, options);
}

/** `PredictionService.Regress` on one version. Parameters and errors are those of {@link classify}. */
export async function regress(
  servable: Servable,
  request: Pick<RegressionRequest, "input">,
  requestedSignature: string,
  call: Pick<Call, "signal">,
  options: SignatureOptions = {},
): Promise<RegressionResponse> {
  return await infer(regression, servable, request, requestedSignature, call, options);
}

async function infer<Result>(
  method: ExampleMethod<Result>,
  { name, version, model }: Servable,
  { input }: Pick<ClassificationRequest, "input">,
  requestedSignature: string,
  call: Pick<Call, "signal">,
  options: SignatureOptions,
): Promise<{ modelSpec: ModelSpec; result: Result }> {
  const key = requestedSignature || DEFAULT_SIGNATURE_KEY;
  const signature = model.signatures.get(key);
  if (signature === undefined) {
    throw invalidArgument(`No signature was found with the name: ${key}`);
  }
  const named = { key, signature, model };
  const outputs = planOutputs(method, named, options);
  const examples = serializedExamples(input);
  call.signal.throwIfAborted();
  return {
    modelSpec: ModelSpec.create({ name, version, signatureName: key }),
    result: await runMethod(method, named, examples, outputs, call.signal),
  };
}
