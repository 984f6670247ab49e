import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { makeTinyClassifier } from "../src/examples/tiny-classifier.ts";
import { writeExampleModels } from "../src/examples/write-example-models.ts";
import { loadModel } from "../src/load-model.ts";
import { floats, numbersOf } from "./fixtures/tensors.ts";

test("the examples are written in the layout of TensorFlow Serving", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-examples-"));
  try {
    const paths = await writeExampleModels(directory);
    assert.deepEqual([...paths.keys()], ["half_plus_two", "tiny_classifier"]);
    const files = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"];
    const base = paths.get("half_plus_two") ?? "";
    const read = await Promise.all(files.map(async (file) => [file, await readFile(join(base, "1", file))] as const));
    const model = await loadModel(new Map(read));
    const outputs = await model.run("serving_default", new Map([["x", floats([3], [1, 2, 5])]]), []);
    assert.deepEqual(outputs.get("y")?.data, Float32Array.of(2.5, 3, 4.5));
    await model.close();
    const network = await readFile(join(paths.get("tiny_classifier") ?? "", "1", "model.onnx"));
    assert.deepEqual(new Uint8Array(network), makeTinyClassifier().get("model.onnx"));
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("the classifier has learned the circle", async () => {
  const model = await loadModel(makeTinyClassifier());
  const steps = Array.from({ length: 21 }, (_, step) => (step - 10) / 5);
  const points = steps.flatMap((a) => steps.map((b) => [a, b] as const));
  const outputs = await model.run(
    "serving_default",
    new Map([["features", floats([points.length, 2], points.flat())]]),
    [],
  );
  await model.close();
  const [labels, probabilities] = [outputs.get("label"), outputs.get("probabilities")];
  assert.ok(labels && probabilities);
  const right = numbersOf(labels).filter((label, index) => {
    const [a, b] = points[index] ?? [0, 0];
    return label === (a * a + b * b < 1 ? 1 : 0);
  });
  assert.ok(right.length / points.length > 0.9, `${right.length} of ${points.length} are right`);
  const [outside = 0, inside = 0] = numbersOf(probabilities);
  assert.ok(Math.abs(outside + inside - 1) < 1e-6);
});
