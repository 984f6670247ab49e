import { type LoadedModel, ModelError, type RunOptions } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { tracePart } from "../tracing/current-trace.ts";

/**
 * Runs a signature; what the model package refuses becomes a status.
 *
 * @throws ServingError `UNIMPLEMENTED` for a signature that the engine cannot run, `UNAVAILABLE` while the node closes or
 * when the engine is gone, those of the run, and the signal's reason
 */
export async function runModel(
  model: LoadedModel,
  signatureName: string,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
  options: RunOptions,
): Promise<Map<string, Tensor>> {
  const refusal = model.refusals.get(signatureName);
  if (refusal !== undefined) {
    throw new ServingError("UNIMPLEMENTED", refusal.message, { cause: refusal });
  }
  try {
    return await tracePart("run", () => model.run(signatureName, inputs, outputs, options));
  } catch (cause) {
    if (model.failure !== undefined) {
      throw new ServingError("UNAVAILABLE", "The model's engine has failed", { cause });
    }
    if (cause instanceof ModelError && cause.code === "closed") {
      throw new ServingError("UNAVAILABLE", "The server is shutting down", { cause });
    }
    throw cause;
  }
}
