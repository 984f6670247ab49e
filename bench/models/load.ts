/** Import and load of the residual network as a SavedModel of 102 MB: time, peak memory, and both from a sealed package. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { generateOwnerKey, generateWrapKey, sealPackage } from "@sealserve/encrypted-files";
import { MODEL_MEMORY_SETTINGS } from "../../packages/cli/src/service/process-settings.ts";
import { printFigure, spread } from "../harness.ts";
import { makeResidualNetwork } from "../serving/residual-network.ts";
import type { LoadOrder, LoadReport } from "./load-process.ts";
import { makeResidualSavedModel } from "./residual-saved-model.ts";
import { median, significant } from "./turns.ts";

const ROUNDS = 3;
const MIB = 2 ** 20;
const TARGETS = { peakOverWeights: 2.5, loadSeconds: 1.5, decryptAndLoadSeconds: 0.4 };

/** What is loaded, in turn. */
type Subject = "savedModel" | "onnx" | "sealedSavedModel" | "sealedOnnx" | "savedModelSteps" | "onnxSteps";

export async function load(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-bench-"));
  try {
    const weights = await writeModel(join(folder, "saved-model"), makeResidualSavedModel());
    await writeModel(join(folder, "onnx"), new Map([["model.onnx", makeResidualNetwork()]]));
    const reports = await measure({
      savedModel: { directory: join(folder, "saved-model", "1") },
      onnx: { directory: join(folder, "onnx", "1") },
      sealedSavedModel: await seal(folder, "saved-model"),
      sealedOnnx: await seal(folder, "onnx"),
      savedModelSteps: { directory: join(folder, "saved-model", "1"), stepwise: true },
      onnxSteps: { directory: join(folder, "onnx", "1"), stepwise: true },
    });
    print(reports, weights / MIB);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes version 1. @returns bytes of the model's largest file, which are its weights */
async function writeModel(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<number> {
  for (const [path, content] of files) {
    const target = join(folder, "1", path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  return Math.max(...[...files.values()].map(({ length }) => length));
}

/** Seals the model in a folder. @returns how to load it from there */
export async function seal(folder: string, name: string): Promise<LoadOrder> {
  const [owner, wrapKey, output] = [generateOwnerKey(), generateWrapKey(), join(folder, `${name}-sealed`)];
  await sealPackage({
    modelDirectory: join(folder, name),
    output,
    wrapKey,
    signingKeyPem: owner.privateKeyPem,
    model: { name: "residual", version: 1 },
  });
  return { packageDirectory: output, wrapKey, ownerPublicKeyPem: owner.publicKeyPem };
}

type Reports = Readonly<Record<Subject, LoadReport[]>>;

/** The first round warms up the file system. */
async function measure(orders: Readonly<Record<Subject, LoadOrder>>): Promise<Reports> {
  const reports: Reports = {
    savedModel: [],
    onnx: [],
    sealedSavedModel: [],
    sealedOnnx: [],
    savedModelSteps: [],
    onnxSteps: [],
  };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [subject, order] of Object.entries(orders) as [Subject, LoadOrder][]) {
      const report = await loadApart(order);
      if (round > 0) {
        reports[subject].push(report);
      }
    }
  }
  return reports;
}

/** With allocator and young generation set as `sealserve serve` sets them for itself. */
export async function loadApart(order: LoadOrder): Promise<LoadReport> {
  const env = { ...process.env, ...MODEL_MEMORY_SETTINGS };
  const execArgv = [...process.execArgv, "--max-semi-space-size=4"];
  const child = fork(join(import.meta.dirname, "load-process.ts"), { serialization: "advanced", env, execArgv });
  child.send(order);
  const [report] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("the process that loads the model has ended"))),
  ])) as [LoadReport];
  return report;
}

function print(reports: Reports, weightsMiB: number): void {
  printPlain(reports, weightsMiB);
  printSealed(reports, weightsMiB);
}

function secondsOf(reports: readonly LoadReport[]): Readonly<Record<string, ReturnType<typeof spread>>> {
  const names = Object.keys(reports[0]?.seconds ?? {});
  return Object.fromEntries(names.map((name) => [name, spread(reports.map(({ seconds }) => seconds[name] as number))]));
}

function processorOf(reports: readonly LoadReport[]): number {
  return significant(median(reports.map(({ processorSeconds }) => processorSeconds)));
}

function printPlain(reports: Reports, weightsMiB: number): void {
  const growth = (of: LoadReport): number => (of.peak - of.before) / weightsMiB;
  printFigure({
    name: "Models: import and load of a SavedModel of 102 MB",
    ratio: significant(median(reports.savedModel.map(growth))),
    ratioOf: "growth of the process at its peak, with its files in memory, to the weights",
    target: TARGETS.peakOverWeights,
    wholeProcessToWeights: significant(median(reports.savedModel.map(({ peak }) => peak / weightsMiB))),
    targetSeconds: TARGETS.loadSeconds,
    seconds: secondsOf(reports.savedModel),
    secondsOfSteps: secondsOf(reports.savedModelSteps),
    processorSeconds: processorOf(reports.savedModel),
    asOnnx: {
      seconds: secondsOf(reports.onnx),
      secondsOfSteps: secondsOf(reports.onnxSteps),
      processorSeconds: processorOf(reports.onnx),
      growthToWeights: significant(median(reports.onnx.map(growth))),
    },
  });
}

function printSealed(reports: Reports, weightsMiB: number): void {
  const growth = (of: LoadReport): number => (of.peak - of.before) / weightsMiB;
  for (const [subject, plain] of [
    ["sealedSavedModel", "savedModel"],
    ["sealedOnnx", "onnx"],
  ] as const) {
    const whole = reports[subject].map(({ seconds }) => (seconds["verify"] as number) + (seconds["load"] as number));
    const unsealed = reports[plain].map(({ seconds }) => seconds["load"] as number);
    printFigure({
      name: `Models: a sealed ${plain === "onnx" ? "ONNX model" : "SavedModel"} of 102 MB, decrypted and loaded`,
      ratio: significant(median(whole) / median(unsealed)),
      ratioOf: "whole time to that of loading the same model unsealed",
      targetSeconds: TARGETS.decryptAndLoadSeconds,
      seconds: { ...secondsOf(reports[subject]), whole: spread(whole) },
      processorSeconds: processorOf(reports[subject]),
      growthToWeights: significant(median(reports[subject].map(growth))),
    });
  }
}
