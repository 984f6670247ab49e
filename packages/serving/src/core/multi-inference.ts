import {
  DEFAULT_SIGNATURE_KEY,
  type InferenceResult,
  type InferenceTask,
  invalidArgument,
  ModelSpec,
  type MultiInferenceRequest,
  type MultiInferenceResponse,
  ServingError,
  type Tensor,
} from "@sealserve/protocol";
import { allOrNone } from "./all-or-none.ts";
import type { Call } from "./call.ts";
import { classification } from "./classification.ts";
import { type NamedSignature, planOutputs, runMethod } from "./example-method.ts";
import { regression } from "./regression.ts";
import { serializedExamples } from "./serialized-examples.ts";
import type { Servable } from "./servables.ts";
import type { SignatureOptions } from "./signature-options.ts";

/** A task that was found to fit its signature: runs it. */
type RunTask = (examples: Tensor, signal: AbortSignal) => Promise<Partial<InferenceResult>>;

/**
 * `PredictionService.MultiInference` on one version: several signatures over the same examples. All tasks are checked
 * before any is run.
 *
 * @throws ServingError
 */
export async function multiInference(
  servable: Servable,
  { tasks, input }: Pick<MultiInferenceRequest, "tasks" | "input">,
  call: Pick<Call, "signal">,
  options: SignatureOptions = {},
): Promise<MultiInferenceResponse> {
  const signatures = chooseSignatures(servable, tasks, options);
  const examples = serializedExamples(input);
  call.signal.throwIfAborted();
  const { name, version } = servable;
  const results = await allOrNone(call.signal, (signal) =>
    [...signatures].map(async ([signatureName, run]) => ({
      modelSpec: ModelSpec.create({ name, version, signatureName }),
      ...(await run(examples, signal)),
    })),
  );
  return { results };
}

/** What to run for each task, by signature, in the order of the tasks. */
function chooseSignatures(
  { name, model }: Servable,
  tasks: readonly InferenceTask[],
  options: SignatureOptions,
): ReadonlyMap<string, RunTask> {
  const chosen = new Map<string, RunTask>();
  for (const { modelSpec = ModelSpec.create(), methodName } of tasks) {
    if (modelSpec.name === "") {
      throw invalidArgument("Found ModelSpec with an empty model name.");
    }
    if (modelSpec.name !== name) {
      throw invalidArgument("All ModelSpecs in a MultiInferenceRequest must access the same model name.");
    }
    const key = modelSpec.signatureName || DEFAULT_SIGNATURE_KEY;
    if (chosen.has(key)) {
      throw invalidArgument(`Duplicate evaluation of signature: ${key}`);
    }
    const signature = model.signatures.get(key);
    if (signature === undefined) {
      throw invalidArgument(`Requested signature not found in model graph: ${key}`);
    }
    chosen.set(key, planTask(methodName, { key, signature, model }, options));
  }
  return chosen;
}

function planTask(methodName: string, named: NamedSignature, options: SignatureOptions): RunTask {
  switch (methodName) {
    case classification.name: {
      const outputs = planOutputs(classification, named, options);
      return async (examples, signal) => ({
        classificationResult: await runMethod(classification, named, examples, outputs, signal),
      });
    }
    case regression.name: {
      const outputs = planOutputs(regression, named, options);
      return async (examples, signal) => ({
        regressionResult: await runMethod(regression, named, examples, outputs, signal),
      });
    }
    default:
      throw new ServingError("UNIMPLEMENTED", `Unsupported signature method_name: ${methodName}`);
  }
}
