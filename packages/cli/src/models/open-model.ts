import { resolve } from "node:path";
import { type LoadedModel, loadModel, loadTensorFlowModel } from "@sealserve/models";
import { CliError } from "../errors.ts";

/** What can run a model without a server. */
export const ENGINES = ["onnxruntime", "tensorflow"] as const;

/** Which engine a command is to use, and how. */
export interface EngineOptions {
  readonly engine: (typeof ENGINES)[number];
  /** Path of the engine tensorflow's library. */
  readonly libtensorflow?: string;
  readonly tags?: readonly string[];
  readonly threads?: number;
}

/**
 * Loads a version directory into an engine: TensorFlow's is in this process.
 *
 * @throws CliError `usage`; ModelError; the signal's reason
 */
export async function openModel(
  directory: string,
  { engine, libtensorflow, tags, threads }: EngineOptions,
  signal: AbortSignal,
): Promise<LoadedModel> {
  if ((engine === "tensorflow") !== (libtensorflow !== undefined)) {
    throw new CliError("usage", "--engine tensorflow and --libtensorflow go together", {
      remedy: "name both, or neither",
    });
  }
  return libtensorflow === undefined
    ? await loadModel(
        { directory },
        { signal, ...(tags === undefined ? {} : { tags }), ...(threads === undefined ? {} : { threads }) },
      )
    : await loadTensorFlowModel({ directory }, { library: resolve(libtensorflow), tags, threads });
}
