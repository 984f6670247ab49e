import type { LoadedModel } from "@sealserve/models";
import { batchThreadsOf } from "../batching/batch-parameters.ts";
import { type BatchingSettings, ServerBatching } from "../batching/server-batching.ts";
import { type LoadParts, loadVersion, type ServableId } from "../life/load-version.ts";
import type { Log } from "../log.ts";
import { BatchMetrics } from "../metrics/batch-metrics.ts";
import type { LifeMetrics } from "../metrics/life-metrics.ts";
import { observeLoading } from "../metrics/observed-loading.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import type { ServerOptions } from "../options/server-options.ts";
import type { ComingFiles } from "../source/version-files.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { warmUp } from "../warmup/warm-up.ts";
import { readBatchingSettings, readModelBatching } from "./batching-files.ts";
import { engineParts } from "./engine-parts.ts";

/** Loads one version, ready to serve; its files may still be on their way. */
export type LoadVersion = (id: ServableId, files: ComingFiles, signal: AbortSignal) => Promise<LoadedModel>;

/**
 * How versions are loaded by the options of a server: engine, then batching, then warm-up.
 *
 * @throws ServingError `INVALID_ARGUMENT` for batching parameters that cannot be used
 */
export async function versionLoader(
  options: ServerOptions,
  metrics: ServerMetrics,
  shared: { readonly budget: MemoryBudget; readonly log: Log },
): Promise<LoadVersion> {
  const settings = await readBatchingSettings(options.batching);
  const batches = settings && new BatchMetrics(metrics.registry, poolNameOf(settings));
  const parts: LoadParts = {
    ...engineParts(options, metrics, shared),
    ...(settings && batches && batchingParts(settings, batches)),
    ...warmUpParts(options, metrics.life),
  };
  return observeLoading((id, files, signal) => loadVersion(parts, id, files, signal), metrics, batches);
}

function batchingParts(settings: BatchingSettings, metrics: BatchMetrics): Pick<LoadParts, "decorate"> {
  const batching = new ServerBatching(settings, (...batched) => metrics.observe(...batched));
  return {
    decorate: async (model, id, files) =>
      batching.decorate(model, id, batching.isPerModel ? await readModelBatching(files) : undefined),
  };
}

/** The name of the threads in TensorFlow Serving's metrics. */
function poolNameOf(settings: BatchingSettings): string {
  return settings.kind === "auto" ? settings.kind : batchThreadsOf(settings.parameters).poolName;
}

function warmUpParts({ loading, api }: ServerOptions, metrics: LifeMetrics): Pick<LoadParts, "warmUp"> {
  const { warmUpIterations: iterations } = loading;
  if (iterations === 0) {
    return {};
  }
  const options = { iterations, checkMethodName: api.checkSignatureMethodName };
  return {
    warmUp: async (servable, files, signal) => {
      const path = "directory" in files ? files.directory : `${servable.name}/${servable.version}`;
      await metrics.observeWarmUp(path, () => warmUp(servable, files, options, signal));
    },
  };
}
