import type { LoadedModel } from "@sealserve/models";
import { ModelDecorator } from "../core/model-decorator.ts";
import type { ServableId } from "../life/load-version.ts";
import { type ComingFiles, readVersionFile, type VersionFiles } from "../source/version-files.ts";
import type { BatchMetrics } from "./batch-metrics.ts";
import type { ServerMetrics } from "./server-metrics.ts";

/** Identifier of a version in ML Metadata, which TensorFlow Serving tells in a metric. */
const MLMD_FILE = "assets.extra/mlmd_uuid";
const MLMD_UUID = /^[\w.:-]{1,128}$/;
const MAX_MLMD_BYTES = 1024;

type Load = (id: ServableId, files: ComingFiles, signal: AbortSignal) => Promise<LoadedModel>;

/** Times loads and unloads, and forgets the series of versions that are gone or never came to serve. */
export function observeLoading(load: Load, metrics: ServerMetrics, batches: BatchMetrics | undefined): Load {
  return async (id, files, signal) => {
    const startedAt = performance.now();
    const bytesBefore = process.memoryUsage.rss();
    try {
      const model = await load(id, files, signal);
      metrics.life.loaded(id.name, "ok", performance.now() - startedAt);
      metrics.life.grew(id.name, id.version, process.memoryUsage.rss() - bytesBefore);
      await noteUuid(id, await files, metrics);
      return new UnloadObserver(model, (ms) => {
        metrics.life.unloaded(id.name, id.version, ms);
        metrics.requests.forget(id.name, id.version);
        batches?.forget(id);
      });
    } catch (error) {
      // Its warm-up may have been batched.
      batches?.forget(id);
      if (!signal.aborted) {
        metrics.life.loaded(id.name, "failed", performance.now() - startedAt);
      }
      throw error;
    }
  };
}

async function noteUuid({ name, version }: ServableId, files: VersionFiles, { life }: ServerMetrics): Promise<void> {
  const content = await readVersionFile(files, MLMD_FILE, MAX_MLMD_BYTES).catch(() => undefined);
  const uuid = content === undefined ? "" : Buffer.from(content).toString("latin1").trim();
  if (MLMD_UUID.test(uuid)) {
    life.identified(name, version, uuid);
  }
}

/** Tells how long it took to close a model. */
class UnloadObserver extends ModelDecorator {
  readonly #closed: (ms: number) => void;

  constructor(model: LoadedModel, closed: (ms: number) => void) {
    super(model);
    this.#closed = closed;
  }

  override async close(): Promise<void> {
    const startedAt = performance.now();
    await super.close();
    this.#closed(performance.now() - startedAt);
  }
}
