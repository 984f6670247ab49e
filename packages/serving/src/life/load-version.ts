import type { LoadedModel } from "@sealserve/models";
import type { Servable } from "../core/servables.ts";
import type { ComingFiles, VersionFiles } from "../source/version-files.ts";

/** Which version is loaded. */
export type ServableId = Omit<Servable, "model">;

/** What loading a version is made of. */
export interface LoadParts {
  /** Puts the model into an engine, which may start before the files are there. */
  loadFiles(id: ServableId, files: ComingFiles, signal: AbortSignal): Promise<LoadedModel>;
  /** Puts something in front of its runs, such as batching. Closing it closes the model. */
  decorate?(model: LoadedModel, id: ServableId, files: VersionFiles): LoadedModel | Promise<LoadedModel>;
  /** Runs the requests that come with the version. */
  warmUp?(servable: Servable, files: VersionFiles, signal: AbortSignal): Promise<void>;
}

/**
 * Loads a version: engine, decoration, warm-up. When a part fails, or the signal has fired by then, what was loaded is
 * closed again.
 * @throws the error of the part, or the signal's reason
 */
export async function loadVersion(
  parts: LoadParts,
  id: ServableId,
  files: ComingFiles,
  signal: AbortSignal,
): Promise<LoadedModel> {
  let model = await parts.loadFiles(id, files, signal);
  try {
    signal.throwIfAborted();
    const present = await files;
    model = (await parts.decorate?.(model, id, present)) ?? model;
    await parts.warmUp?.({ ...id, model }, present, signal);
    signal.throwIfAborted();
    return model;
  } catch (error) {
    await model.close();
    throw error;
  }
}
