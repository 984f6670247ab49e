import { type LoadedModel, loadModel } from "@sealserve/models";
import type { BatchObserver } from "../batching/batch-observer.ts";
import { ServerBatching } from "../batching/server-batching.ts";
import { type LoadParts, loadVersion, type ServableId } from "../life/load-version.ts";
import type { ServerOptions } from "../options/server-options.ts";
import type { VersionFiles } from "../source/version-files.ts";
import { warmUp } from "../warmup/warm-up.ts";
import { readBatchingSettings, readModelBatching } from "./batching-files.ts";

/** Loads one version, ready to serve. */
export type LoadVersion = (id: ServableId, files: VersionFiles, signal: AbortSignal) => Promise<LoadedModel>;

const NOT_OBSERVED: BatchObserver = { queued: () => undefined, ran: () => undefined };

/**
 * How versions are loaded by the options of a server: engine, then batching, then warm-up.
 *
 * @throws ServingError `INVALID_ARGUMENT` for batching parameters that cannot be used
 */
export async function versionLoader(options: ServerOptions): Promise<LoadVersion> {
  const parts: LoadParts = { ...engineParts(options), ...(await batchingParts(options)), ...warmUpParts(options) };
  return async (id, files, signal) => await loadVersion(parts, id, files, signal);
}

function engineParts({ engine, loading }: ServerOptions): Pick<LoadParts, "loadFiles"> {
  const threads = engine.threads === undefined ? {} : { threads: engine.threads };
  const options = { tags: loading.tags, ...threads };
  return { loadFiles: async (files) => await loadModel(files, options) };
}

async function batchingParts(options: ServerOptions): Promise<Pick<LoadParts, "decorate">> {
  const settings = await readBatchingSettings(options.batching);
  if (settings === undefined) {
    return {};
  }
  const batching = new ServerBatching(settings, () => NOT_OBSERVED);
  return {
    decorate: async (model, id, files) =>
      batching.decorate(model, id, batching.isPerModel ? await readModelBatching(files) : undefined),
  };
}

function warmUpParts({ loading, api }: ServerOptions): Pick<LoadParts, "warmUp"> {
  const { warmUpIterations: iterations } = loading;
  if (iterations === 0) {
    return {};
  }
  const options = { iterations, checkMethodName: api.checkSignatureMethodName };
  return { warmUp: async (servable, files, signal) => await warmUp(servable, files, options, signal) };
}
