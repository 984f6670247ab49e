// The public SavedModels in libtensorflow itself, against the outputs that TensorFlow 2.21 gave.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type LoadedModel, loadTensorFlowModel, ModelError } from "@sealserve/models";
import { libraries, skipWithoutLibrary } from "../support/libtensorflow.ts";
import { compareOutputs, folder, type ModelEntry, readManifest, skip, tensorsOf } from "./model-goldens.ts";

/** Another version, or another processor, adds in another order. */
const TOLERANCE = 1e-4;
/** See models.test.ts: logarithms of sums that nearly cancel out. */
const LOOSER_TOLERANCES: ReadonlyMap<string, number> = new Map([["basic_pitch", 3e-3]]);
/** What TensorFlow says of a model of another version, or with operations that are not its own. */
const NOT_THERE = /Op type not registered|NodeDef mentions attr|No OpKernel was registered/;
/** Version 1.15 compares 94. */
const LEAST_COMPARED = 90;

for (const library of libraries.length > 0 ? libraries : ["libtensorflow"]) {
  describe(`public models in ${library}`, { skip: skipWithoutLibrary || skip }, () => {
    const entries = skip === false ? readManifest().filter(({ format }) => format === "saved_model") : [];
    const notThere: string[] = [];
    let compared = 0;

    for (const entry of entries) {
      for (const version of entry.versions ?? [entry.version_dir]) {
        test(`${entry.name}, version ${version}`, async (context) => {
          const model = await load(library, entry, version);
          if (model instanceof ModelError) {
            notThere.push(entry.name);
            context.skip(`this TensorFlow says: ${model.actual}`);
            return;
          }
          context.after(() => model.close());
          compared += await compareAll(model, entry);
        });
      }
    }

    test("outputs were compared", (context: TestContext) => {
      context.diagnostic(`${compared} outputs compared; not in this TensorFlow: ${notThere.join(", ")}`);
      assert.ok(compared >= LEAST_COMPARED, `${compared} outputs compared`);
    });
  });
}

/** A model, or why this TensorFlow has not got what it takes. */
async function load(library: string, entry: ModelEntry, version: string): Promise<LoadedModel | ModelError> {
  const directory = join(folder, entry.dir, version);
  try {
    return await loadTensorFlowModel({ directory }, { library, threads: 1, tags: entry.metaGraphs?.[0]?.tags });
  } catch (error) {
    if (error instanceof ModelError && error.code === "engine-refused" && NOT_THERE.test(error.actual ?? "")) {
      return error;
    }
    throw error;
  }
}

async function compareAll(model: LoadedModel, { name, goldens }: ModelEntry): Promise<number> {
  const tolerance = LOOSER_TOLERANCES.get(name) ?? TOLERANCE;
  let compared = 0;
  for (const { signature = "serving_default", inputs, outputs } of goldens) {
    if (inputs !== undefined && outputs !== undefined) {
      const results = await model.run(signature, tensorsOf(inputs), []);
      compared += compareOutputs(signature, results, outputs, tolerance);
    }
  }
  return compared;
}
