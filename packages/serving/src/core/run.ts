import { type LoadedModel, ModelError, type RunOptions } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { currentTrace, tracePart } from "../tracing/current-trace.ts";
import type { Awaitable } from "./awaitable.ts";

/**
 * Runs a signature, at once where the model can; what the model package refuses becomes a status.
 *
 * @throws ServingError `UNIMPLEMENTED` for a signature that the engine cannot run, `UNAVAILABLE` while the node closes or
 * when the engine is gone, those of the run, and the signal's reason
 */
export function runModel(
  model: LoadedModel,
  signatureName: string,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
  options: RunOptions,
): Awaitable<Map<string, Tensor>> {
  const refusal = model.refusals.get(signatureName);
  if (refusal !== undefined) {
    throw new ServingError("UNIMPLEMENTED", refusal.message, { cause: refusal });
  }
  return runNow(model, signatureName, inputs, outputs) ?? runLater(model, signatureName, inputs, outputs, options);
}

function runNow(
  model: LoadedModel,
  signatureName: string,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
): Map<string, Tensor> | undefined {
  // A traced call has its run as a span.
  if (currentTrace() !== undefined) {
    return undefined;
  }
  try {
    return model.runNow?.(signatureName, inputs, outputs);
  } catch (cause) {
    throw statusOf(model, cause);
  }
}

async function runLater(
  model: LoadedModel,
  signatureName: string,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
  options: RunOptions,
): Promise<Map<string, Tensor>> {
  try {
    return await tracePart("run", () => model.run(signatureName, inputs, outputs, options));
  } catch (cause) {
    throw statusOf(model, cause);
  }
}

function statusOf(model: LoadedModel, cause: unknown): unknown {
  if (model.failure !== undefined) {
    return new ServingError("UNAVAILABLE", "The model's engine has failed", { cause });
  }
  return cause instanceof ModelError && cause.code === "closed"
    ? new ServingError("UNAVAILABLE", "The server is shutting down", { cause })
    : cause;
}
