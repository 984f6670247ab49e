import { EngineThread } from "./engine/engine-thread.ts";
import type { EngineFile } from "./engine/messages.ts";
import { EngineModel } from "./engine-model.ts";
import { ModelError } from "./errors.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { isModelContent, isOnnxFile, type ModelFiles, SAVED_MODEL_FILE } from "./model-files.ts";
import { prepareOnnx } from "./prepare-onnx.ts";
import { prepareSavedModel } from "./prepare-saved-model.ts";
import type { PreparedModel } from "./prepared-model.ts";

/** How to load a model. */
export interface LoadOptions {
  /** Threads that one operation may use; one per core by default. */
  readonly threads?: number;
  /** Tags of the graph to take from a SavedModel; `serve` by default. */
  readonly tags?: readonly string[];
}

/**
 * Loads a model and starts the thread that runs it. A SavedModel is known by its `saved_model.pb`, an ONNX model by its
 * one `.onnx` file. The files of the model itself are taken over: whatever the outcome, they are empty or overwritten with
 * zeros afterwards, and only the engine keeps the weights. What reading them has used in between is left to the garbage
 * collector, which does not overwrite it. Other files, such as assets, are left alone.
 * @throws ModelError
 */
export async function loadModel(files: ModelFiles, options: LoadOptions = {}): Promise<LoadedModel> {
  try {
    return await startEngine(prepareModel(files, options), files, options);
  } finally {
    wipe(files);
  }
}

/** Overwrites the model's files, except for those that have been moved to the engine's thread, which does the same. */
function wipe(files: ModelFiles): void {
  for (const [path, bytes] of files) {
    if (isModelContent(path) && bytes.length > 0) {
      bytes.fill(0);
    }
  }
}

function prepareModel(files: ModelFiles, { tags }: LoadOptions): PreparedModel {
  const onnxFiles = [...files.keys()].filter(isOnnxFile);
  const [onnxFile] = onnxFiles;
  if (files.has(SAVED_MODEL_FILE) ? onnxFiles.length > 0 : onnxFiles.length > 1) {
    throw new ModelError("ambiguous-model", "the version directory holds more than one model", {
      expected: `${SAVED_MODEL_FILE} or one .onnx file`,
      actual: [...files.keys()].filter((path) => path === SAVED_MODEL_FILE || isOnnxFile(path)).join(", "),
    });
  }
  if (files.has(SAVED_MODEL_FILE)) {
    return prepareSavedModel(files, tags);
  }
  if (onnxFile === undefined) {
    throw new ModelError("no-model", "the version directory holds no model", {
      expected: `${SAVED_MODEL_FILE} or one .onnx file`,
      actual: `${files.size} other files`,
    });
  }
  return prepareOnnx(files, onnxFile);
}

async function startEngine(prepared: PreparedModel, files: ModelFiles, options: LoadOptions): Promise<LoadedModel> {
  const models = [...new Set([...prepared.graphs.values()].map(({ model }) => model))];
  const placeOf = new Map([...prepared.graphs].map(([key, { model }]) => [key, models.indexOf(model)]));
  const engine = new EngineThread();
  try {
    const refusals = await engine.load({
      models: models.map(asOwned),
      files: prepared.weightFiles.map(
        (path): EngineFile => ({ path, data: asOwned(files.get(path) ?? new Uint8Array()) }),
      ),
      threads: options.threads,
    });
    return new EngineModel(prepared, engine, placeOf, refusals);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** The bytes over a buffer of their own, which can be moved to another thread; a copy only if they share theirs. */
function asOwned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const ownsBuffer = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return ownsBuffer ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
