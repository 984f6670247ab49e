// Every SavedModel and ONNX model of the public test models, against the outputs that TensorFlow and ONNX Runtime gave.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type LoadedModel, loadModel, ModelError } from "@sealserve/models";
import type { Tensor } from "@sealserve/protocol";
import { MODELS_THAT_DO_NOT_RUN } from "../../scripts/operations-page.ts";
import {
  compareOutputs,
  expectClose,
  folder,
  type ModelEntry,
  readFiles,
  readManifest,
  skip,
  tensorsOf,
} from "./model-goldens.ts";

/** Signatures of other models that must run. */
const REQUIRED_SIGNATURES: ReadonlyMap<string, string> = new Map([["cartpole_policy", "action"]]);
/** Models of which all signatures must run. */
const REQUIRED: ReadonlySet<string> = new Set([
  "half_plus_two_cpu",
  "half_plus_two_2_versions",
  "half_plus_two_tf2_cpu",
  "half_plus_two_with_saved_model_config",
  "half_plus_two_with_empty_saved_model_config",
  "half_plus_three",
  "matrix_half_plus_two",
  "basic_pitch",
  "string_identity_tf1",
  "mnist_onnx",
  "gru_timeseries",
  "lstm_stock",
  "chicago_taxi_estimator",
  "synth_text_lookup",
  "synth_image_bytes",
]);
const TOLERANCE = 1e-5;
/**
 * Models whose expected outputs carry more error of their own than the tolerance. This one takes the logarithm of powers
 * down to 1e-10, of sums that nearly cancel out. Its graph evaluated in float64 differs from TensorFlow's float32 outputs by
 * up to 4.2e-4, from the engine's by up to 2.5e-3, and the engine's own optimiser, which only changes the order of sums,
 * moves outputs by as much. That no operation differs is seen from {@link SAME_GRAPHS}.
 */
const LOOSER_TOLERANCES: ReadonlyMap<string, number> = new Map([["basic_pitch", 3e-3]]);
/**
 * SavedModels that are published as ONNX too, converted by others: in one engine, with sums in one order, both must give
 * the same to {@link TOLERANCE}, in all elements. Names of the ONNX form's ports by the signature's.
 */
const SAME_GRAPHS = [
  {
    savedModel: "basic_pitch",
    onnx: "basic_pitch_onnx",
    ports: new Map([
      ["input_2", "serving_default_input_2:0"],
      ["contour", "StatefulPartitionedCall:0"],
      ["note", "StatefulPartitionedCall:1"],
      ["onset", "StatefulPartitionedCall:2"],
    ]),
  },
] as const;

describe("public models", { skip }, () => {
  const models = skip === false ? readManifest() : [];
  const refusals: string[] = [];
  let compared = 0;

  for (const entry of models.filter(({ format }) => format === "saved_model" || format === "onnx")) {
    for (const version of entry.versions ?? [entry.version_dir]) {
      test(`${entry.name}, version ${version}`, async (context) => {
        const outcome = await checkModel(entry, version, context);
        compared += outcome.compared;
        refusals.push(...outcome.refusals.map((refusal) => `${entry.name} ${refusal}`));
        const required = REQUIRED_SIGNATURES.get(entry.name);
        assert.ok(required === undefined || outcome.served.has(required), `${required} must run`);
        if (REQUIRED.has(entry.name)) {
          assert.deepEqual(outcome.refusals, []);
          assert.ok(outcome.served.has("serving_default"), "the default signature must run");
        }
      });
    }
  }

  for (const { savedModel, onnx, ports } of SAME_GRAPHS) {
    test(`${savedModel} gives what its ONNX form gives`, async (context) => {
      const entries = [savedModel, onnx].map((name) => models.find((entry) => entry.name === name) as ModelEntry);
      const loaded = await Promise.all(
        entries.map(({ dir, version_dir }) => loadModel(readFiles(join(folder, dir, version_dir)))),
      );
      context.after(() => Promise.all(loaded.map((model) => model.close())));
      for (const { inputs = {} } of entries[0]?.goldens ?? []) {
        await expectSameOutputs(loaded, tensorsOf(inputs), ports);
      }
    });
  }

  test("the page about operations lists what does not run", () => {
    assert.deepEqual([...new Set(refusals)].sort(), [...MODELS_THAT_DO_NOT_RUN]);
  });

  test("there are models to check, and the required ones are among them", (context) => {
    const names = new Set(models.map(({ name }) => name));
    assert.deepEqual(
      [...REQUIRED].filter((name) => !names.has(name)),
      [],
    );
    assert.ok(compared >= 220, `${compared} outputs compared`);
    context.diagnostic(`${compared} outputs compared; refused as unsupported: ${[...new Set(refusals)].join("; ")}`);
  });
});

interface Outcome {
  readonly compared: number;
  /** Signatures with an output that was right. */
  readonly served: ReadonlySet<string>;
  readonly refusals: readonly string[];
}

async function checkModel(entry: ModelEntry, version: string, context: TestContext): Promise<Outcome> {
  const outcome = { compared: 0, served: new Set<string>(), refusals: [] as string[] };
  const tags = entry.metaGraphs?.[0]?.tags;
  let model: LoadedModel;
  try {
    model = await loadModel(readFiles(join(folder, entry.dir, version)), tags === undefined ? {} : { tags });
  } catch (error) {
    outcome.refusals.push(describeRefusal("serving_default", error));
    return outcome;
  }
  context.after(() => model.close());
  for (const golden of entry.goldens) {
    const signature = golden.signature ?? "serving_default";
    if (golden.inputs === undefined || golden.outputs === undefined) {
      continue;
    }
    try {
      const outputs = await model.run(signature, tensorsOf(golden.inputs), []);
      const tolerance = LOOSER_TOLERANCES.get(entry.name) ?? TOLERANCE;
      outcome.compared += compareOutputs(signature, outputs, golden.outputs, tolerance);
      outcome.served.add(signature);
    } catch (error) {
      const refusal = describeRefusal(signature, error);
      outcome.refusals.push(refusal);
      if (/Assign|ApplyGradient/.test(refusal)) {
        // The outputs were taken in one sequence: those behind a refused change of state are of another state.
        return outcome;
      }
    }
  }
  return outcome;
}

async function expectSameOutputs(
  [savedModel, onnx]: readonly LoadedModel[],
  inputs: ReadonlyMap<string, Tensor>,
  ports: ReadonlyMap<string, string>,
): Promise<void> {
  const renamed = new Map(Array.from(inputs, ([name, tensor]) => [ports.get(name) ?? name, tensor]));
  const outputs = (await savedModel?.run("serving_default", inputs, [])) ?? new Map<string, Tensor>();
  const expected = await onnx?.run("serving_default", renamed, []);
  assert.ok(outputs.size > 0);
  for (const [name, { shape, data }] of outputs) {
    const same = expected?.get(ports.get(name) ?? name);
    assert.deepEqual(shape, same?.shape, name);
    data.forEach((value, index) => {
      expectClose(`${name}[${index}]`, Number(value), Number(same?.data[index]), TOLERANCE);
    });
  }
}

/** Only a refusal of something unsupported, which says what, may stand in for an output. */
function describeRefusal(signature: string, error: unknown): string {
  if (error instanceof ModelError && error.code === "unsupported-op") {
    const [, operation] = /^operation (\w+) \(node ".*", signature ".*"\)/.exec(error.message) ?? [];
    assert.ok(operation, error.message);
    return `${signature} (${operation})`;
  }
  if (error instanceof ModelError && error.code === "unsupported-signature") {
    return `${signature} (sparse tensors)`;
  }
  throw error;
}
