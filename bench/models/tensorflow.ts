/** Our engine beside TensorFlow itself, in one process, with the same threads: a library that `SEALSERVE_LIBTENSORFLOW` names. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type LoadedModel, loadModel, loadTensorFlowModel, tensorFlowVersion } from "@sealserve/models";
import type { Tensor } from "@sealserve/protocol";
import { folder, readManifest, skip, tensorsOf } from "../../tests/conformance/model-goldens.ts";
import { libraries, skipWithoutLibrary } from "../../tests/support/libtensorflow.ts";
import { printFigure } from "../harness.ts";
import { expectEqualOutputs, type Inputs } from "./peer.ts";
import { IMAGE_SIZE } from "./residual-layers.ts";
import { makeResidualSavedModel } from "./residual-saved-model.ts";
import { median, significant, timeInTurn } from "./turns.ts";

const RESIDUAL = [
  { batch: 1, runs: 8 },
  { batch: 8, runs: 2 },
];
const TARGETS = { residual: 1.1, small: 1 } as const;
/** Public models of each kind whose outputs are known. */
const PUBLIC = [
  { name: "lstm_stock", about: "LSTM as Keras exports it" },
  { name: "gru_timeseries", about: "GRU as Keras exports it" },
  { name: "synth_text_lookup", about: "texts split, looked up, embedded" },
  { name: "chicago_taxi_estimator", about: "serialized Examples, columns of an estimator" },
];
const TOLERANCE = 1e-4;
const threads = availableParallelism();

export async function tensorflow(): Promise<void> {
  if (skipWithoutLibrary !== false) {
    process.stderr.write(`tensorflow: ${skipWithoutLibrary}\n`);
  }
  for (const library of libraries) {
    const version = await tensorFlowVersion(library);
    await measureResidual(library, version);
    for (const model of skip === false ? PUBLIC : []) {
      await measurePublic(library, version, model);
    }
  }
}

async function measureResidual(library: string, version: string): Promise<void> {
  const files = makeResidualSavedModel();
  const directory = await mkdtemp(join(tmpdir(), "bench-tensorflow-"));
  for (const [path, content] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  const models = await openBoth(library, directory);
  for (const { batch, runs } of RESIDUAL) {
    const data = Float32Array.from({ length: batch * IMAGE_SIZE * IMAGE_SIZE * 3 }, (_, index) => Math.sin(index));
    const input: Tensor = { dtype: "float32", shape: [batch, IMAGE_SIZE, IMAGE_SIZE, 3], data };
    await measure(models, {
      name: `residual network, batch ${batch}`,
      version,
      signature: "serving_default",
      inputs: new Map([["input", input]]),
      turns: { rounds: 7, runs },
      target: TARGETS.residual,
    });
  }
  await closeBoth(models);
  await rm(directory, { recursive: true });
}

async function measurePublic(
  library: string,
  version: string,
  { name, about }: (typeof PUBLIC)[number],
): Promise<void> {
  const entry = readManifest().find((one) => one.name === name);
  const golden = entry?.goldens.find(({ inputs, outputs }) => inputs !== undefined && outputs !== undefined);
  if (entry === undefined || golden?.inputs === undefined) {
    throw new Error(`the public models lack ${name}`);
  }
  const models = await openBoth(library, join(folder, entry.dir, entry.version_dir)).catch((error: unknown) => {
    process.stderr.write(`tensorflow ${version} does not load ${name}: ${String(error)}\n`);
  });
  if (models !== undefined) {
    const { signature = "serving_default", inputs } = golden;
    const turns = { rounds: 9, runs: 60, warmUps: 1000 };
    const figure = { name: `${name}: ${about}`, version, signature, inputs: tensorsOf(inputs), turns };
    await measure(models, { ...figure, target: TARGETS.small });
    await closeBoth(models);
  }
}

interface Both {
  readonly imported: LoadedModel;
  /** In TensorFlow. */
  readonly peer: LoadedModel;
}

async function openBoth(library: string, directory: string): Promise<Both> {
  const peer = await loadTensorFlowModel({ directory }, { library, threads });
  return { imported: await loadModel({ directory }, { threads }), peer };
}

async function closeBoth({ imported, peer }: Both): Promise<void> {
  await Promise.all([imported.close(), peer.close()]);
}

interface Subject {
  readonly name: string;
  readonly version: string;
  readonly signature: string;
  readonly inputs: Inputs;
  readonly turns: Parameters<typeof timeInTurn>[1];
  readonly target: number;
}

async function measure(models: Both, { name, version, signature, inputs, turns, target }: Subject): Promise<void> {
  const run = (model: LoadedModel) => model.run(signature, inputs, []);
  const differences = compare(await run(models.imported), await run(models.peer));
  const jobs = [
    { name: "imported", run: () => run(models.imported) },
    { name: "tensorflow", run: () => run(models.peer) },
  ];
  const times = await timeInTurn(jobs, turns);
  printFigure({
    name: `Models beside TensorFlow ${version}: ${name}`,
    ratio: times.speed("imported", "tensorflow"),
    ratioOf: `speed of our engine to that of TensorFlow ${version} in the same process, median of the rounds`,
    target,
    oneDnn: process.env["TF_ENABLE_ONEDNN_OPTS"] === "0" ? "left out" : "as this TensorFlow has it",
    microsecondsP50: Object.fromEntries(
      Object.entries(times.all).map(([job, all]) => [job, significant(median(all) * 1000)]),
    ),
    processorMilliseconds: times.processor,
    outputsDifferBy: differences,
    threads,
    rounds: turns.rounds,
  });
}

/**
 * The largest difference of the outputs: of floats, relative to their range; single ones relative to numbers above 1.
 *
 * @throws AssertionError from 1e-4 on, and for anything else that differs
 */
function compare(ours: ReadonlyMap<string, Tensor>, theirs: ReadonlyMap<string, Tensor>): number {
  const differences = Array.from(theirs, ([name, expected]) => {
    const actual = ours.get(name);
    if (expected.data instanceof Float32Array && expected.data.length > 1) {
      return expectEqualOutputs(actual, expected.data);
    }
    if (expected.data instanceof Float32Array) {
      const [value = 0, other = Number.NaN] = [expected.data[0], actual?.data[0]].map(Number);
      const difference = Math.abs(value - other) / Math.max(1, Math.abs(value));
      assert.ok(difference < TOLERANCE, `${name}: ${other} is not ${value}`);
      return significant(difference);
    }
    assert.deepEqual(actual, expected);
    return 0;
  });
  return Math.max(0, ...differences);
}
