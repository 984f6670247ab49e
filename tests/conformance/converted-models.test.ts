// Public SavedModels that are one ONNX graph, as ONNX models, against the outputs that TensorFlow gave.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { convertModel, loadModel, ModelError } from "@sealserve/models";
import { compareOutputs, folder, type ModelEntry, readFiles, readManifest, skip, tensorsOf } from "./model-goldens.ts";

const TOLERANCE = 1e-5;
/** How many outputs are compared at least: this number may only grow. */
const COMPARED = 80;

describe("converted public models", { skip }, () => {
  const models = skip === false ? readManifest().filter(({ format }) => format === "saved_model") : [];
  let compared = 0;

  for (const entry of models) {
    test(entry.name, async (context) => {
      compared += await compareConverted(entry, context);
    });
  }

  test("there are models to convert", (context) => {
    context.diagnostic(`${compared} outputs compared`);
    assert.ok(compared >= COMPARED, `${compared} outputs compared`);
  });
});

async function compareConverted(entry: ModelEntry, context: TestContext): Promise<number> {
  let compared = 0;
  for (const { signature = "serving_default", inputs, outputs } of entry.goldens) {
    const model = inputs === undefined || outputs === undefined ? undefined : convertOrNot(entry, signature);
    if (model instanceof ModelError && /Assign|ApplyGradient/.test(model.message)) {
      // The outputs were taken in one sequence: those behind a refused change of state are of another state.
      return compared;
    }
    if (model === undefined || model instanceof ModelError) {
      continue;
    }
    const loaded = await loadModel(new Map([["model.onnx", model]]));
    context.after(() => loaded.close());
    const given = await loaded.run("serving_default", tensorsOf(inputs ?? {}), []);
    compared += compareOutputs(signature, given, outputs ?? {}, TOLERANCE);
  }
  return compared;
}

/** The refusal of what cannot be one ONNX graph. */
function convertOrNot({ dir, version_dir, metaGraphs }: ModelEntry, signature: string): Uint8Array | ModelError {
  try {
    const options = { signature, tags: metaGraphs?.[0]?.tags, weightsFile: "model.onnx.data" };
    return convertModel(readFiles(join(folder, dir, version_dir)), options).model;
  } catch (error) {
    const codes = ["not-convertible", "unsupported-op", "unsupported-signature", "bad-saved-model"];
    assert.ok(error instanceof ModelError && codes.includes(error.code), String(error));
    return error;
  }
}
