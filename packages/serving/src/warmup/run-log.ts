import { decodePredictRequest, ModelSpec, type PredictionLog, ServingError } from "@sealserve/protocol";
import type { Call } from "../core/call.ts";
import type { Handler } from "../core/handler.ts";

/** Numbers of the kinds of PredictionLog that are not run. */
const UNSUPPORTED = { sessionRunLog: 5, predictStreamedLog: 7 } as const;

/**
 * Runs a logged request. Its model name and version do not count; a log without request is passed over.
 * @throws ServingError `UNIMPLEMENTED` for a session's run and for streamed predictions, and those of the request
 */
export async function runPredictionLog(handler: Handler, log: PredictionLog, call: Call): Promise<void> {
  const { predictLog, classifyLog, regressLog, multiInferenceLog } = log;
  if (predictLog !== undefined) {
    const request = decodePredictRequest(predictLog.request);
    await handler.predict({ ...request, modelSpec: unbound(request.modelSpec) }, call);
  } else if (classifyLog !== undefined) {
    const { modelSpec, input } = classifyLog.request ?? {};
    await handler.classify({ input, modelSpec: unbound(modelSpec) }, call);
  } else if (regressLog !== undefined) {
    const { modelSpec, input } = regressLog.request ?? {};
    await handler.regress({ input, modelSpec: unbound(modelSpec) }, call);
  } else if (multiInferenceLog !== undefined) {
    const { tasks = [], input } = multiInferenceLog.request ?? {};
    const unboundTasks = tasks.map((task) => ({ ...task, modelSpec: unbound(task.modelSpec) }));
    await handler.multiInference({ input, tasks: unboundTasks }, call);
  }
  refuseUnsupported(log);
}

function refuseUnsupported(log: PredictionLog): void {
  for (const [member, number] of Object.entries(UNSUPPORTED)) {
    if (log[member as keyof typeof UNSUPPORTED] !== undefined) {
      throw new ServingError("UNIMPLEMENTED", `Unsupported log_type for warmup: ${number}`);
    }
  }
}

/** The signature that a request names, for the model that is warmed up. */
function unbound(spec: ModelSpec | undefined): ModelSpec {
  return ModelSpec.create({ name: "warmup", signatureName: spec?.signatureName ?? "" });
}
