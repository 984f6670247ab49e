import { ModelError } from "./errors.ts";
import { isOnnxFile, type ReadableFiles, SAVED_MODEL_FILE } from "./model-files.ts";
import { prepareOnnx } from "./prepare-onnx.ts";
import { prepareSavedModel } from "./prepare-saved-model.ts";
import type { PreparedModel } from "./prepared-model.ts";

/**
 * Reads and checks a model version. A SavedModel is known by its `saved_model.pb`, an ONNX model by its one `.onnx` file.
 * @param tags those of the graph to take from a SavedModel, `serve` by default
 * @throws ModelError `no-model`, `ambiguous-model`, and those of {@link prepareSavedModel} and {@link prepareOnnx}
 */
export function prepareModel(files: ReadableFiles, tags?: readonly string[]): PreparedModel {
  const paths = [...files.keys()];
  const onnxFiles = paths.filter(isOnnxFile);
  const [onnxFile] = onnxFiles;
  if (paths.includes(SAVED_MODEL_FILE) ? onnxFiles.length > 0 : onnxFiles.length > 1) {
    throw new ModelError("ambiguous-model", "the version directory holds more than one model", {
      expected: `${SAVED_MODEL_FILE} or one .onnx file`,
      actual: paths.filter((path) => path === SAVED_MODEL_FILE || isOnnxFile(path)).join(", "),
    });
  }
  if (paths.includes(SAVED_MODEL_FILE)) {
    return prepareSavedModel(files, tags);
  }
  if (onnxFile === undefined) {
    throw new ModelError("no-model", "the version directory holds no model", {
      expected: `${SAVED_MODEL_FILE} or one .onnx file`,
      actual: "neither",
      remedy: "give the directory of one version, such as my_model/1",
    });
  }
  return prepareOnnx(files, onnxFile);
}
