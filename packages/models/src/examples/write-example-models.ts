import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { makeHalfPlusTwo } from "./half-plus-two.ts";
import { makeTinyClassifier } from "./tiny-classifier.ts";

/**
 * Writes two models to try things out with, each as version 1 in the layout of TensorFlow Serving:
 * `half_plus_two/1/saved_model.pb` with its `variables/`, and `tiny_classifier/1/model.onnx`.
 * @returns the base path of each model by its name
 */
export async function writeExampleModels(directory: string): Promise<Map<string, string>> {
  const models = new Map([
    ["half_plus_two", makeHalfPlusTwo()],
    ["tiny_classifier", makeTinyClassifier()],
  ]);
  const paths = new Map<string, string>();
  for (const [name, files] of models) {
    for (const [path, content] of files) {
      const target = join(directory, name, "1", path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
    }
    paths.set(name, join(directory, name));
  }
  return paths;
}
