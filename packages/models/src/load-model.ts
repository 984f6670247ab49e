import { type EngineLoadOptions, EngineThread } from "./engine/engine-thread.ts";
import type { ModelLoad } from "./engine/messages.ts";
import { EngineModel } from "./engine-model.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { isAsset, type ModelDirectory, type ModelFiles, modelContentOf } from "./model-files.ts";

/** How to load a model. */
export interface LoadOptions {
  /** Threads that one operation may use; one per core by default. */
  readonly threads?: number;
  /** Tags of the graph to take from a SavedModel; `serve` by default. */
  readonly tags?: readonly string[];
  /** Once it is aborted, the load is given up after the step it is at, and its thread ends. */
  readonly signal?: AbortSignal | undefined;
  /** Time that it may take once its files are there, milliseconds, 10 minutes by default; then its thread is given up. */
  readonly maxMs?: number | undefined;
}

/** A model to load: on disk, in memory, or on its way into memory. */
export type ModelSource = ModelDirectory | ModelFiles | Promise<ModelFiles>;

/**
 * Loads a model in a thread of its own, which reads it and then runs it. A SavedModel is known by its `saved_model.pb`, an ONNX model by its
 * one `.onnx` file, beside which its weights may stand. Files of the model that are given in memory are taken over: whatever the outcome, they are empty or overwritten with
 * zeros afterwards, and only the engine keeps the weights, but for the few constants of light graphs. What reading them has used in between is left to the garbage
 * collector, which does not overwrite it. Other files, such as assets, are left alone. Of a directory on disk the thread
 * reads what the model needs, and nothing there changes. While files are on their way the thread starts, and gets nothing before
 * they are all there.
 * @throws ModelError
 * @throws the signal's reason, or that of files that do not come
 */
export async function loadModel(
  source: ModelSource,
  { tags, threads, ...options }: LoadOptions = {},
): Promise<LoadedModel> {
  if ("directory" in source) {
    return await startEngine(async () => ({ source, tags, threads }), options);
  }
  const files = Promise.resolve(source);
  try {
    return await startEngine(async () => ({ source: filesToMove(await files), tags, threads }), options);
  } finally {
    wipe(await files.catch(() => new Map<string, Uint8Array>()));
  }
}

/** Overwrites the model's files, except for those that have been moved to the engine's thread, which does the same. */
function wipe(files: ModelFiles): void {
  for (const path of modelContentOf(files.keys())) {
    const bytes = files.get(path);
    if (bytes !== undefined && bytes.length > 0) {
      bytes.fill(0);
    }
  }
}

/** @param give gives what to load, while the thread starts */
async function startEngine(give: () => Promise<ModelLoad>, options: EngineLoadOptions): Promise<LoadedModel> {
  const { signal } = options;
  signal?.throwIfAborted();
  const engine = new EngineThread();
  try {
    const load = await give();
    signal?.throwIfAborted();
    const description = await engine.load(load, options);
    signal?.throwIfAborted();
    return new EngineModel(description, engine);
  } catch (error) {
    await engine.close();
    signal?.throwIfAborted();
    throw error;
  }
}

/** What the engine's thread may need: the model itself, and copies of assets, since these are left to the caller. */
function filesToMove(files: ModelFiles): ModelFiles {
  const moved = new Map<string, Uint8Array>();
  const content = modelContentOf(files.keys());
  for (const [path, bytes] of files) {
    if (content.has(path)) {
      moved.set(path, asOwned(bytes));
    } else if (isAsset(path)) {
      moved.set(path, new Uint8Array(bytes));
    }
  }
  return moved;
}

/** The bytes over a buffer of their own, which can be moved to another thread; a copy only if they share theirs. */
function asOwned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const ownsBuffer = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return ownsBuffer ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
