/** Loads one model in a process of its own, and says how long that took and how much memory. */
import { readFileSync, statfsSync } from "node:fs";
import { type OpenedPackage, openPackage } from "@sealserve/encrypted-files";
import { type LoadedModel, loadModel, type ModelFiles } from "@sealserve/models";
import { decryptVersion } from "../../packages/serving/src/node/decrypt.ts";
import { choosePackagedVersions } from "../../packages/serving/src/node/packaged-versions.ts";

/** What to load: a folder, or a sealed package of it; or a folder step by step in this thread, to see what each step takes. */
export type LoadOrder =
  | { readonly directory: string; readonly stepwise?: boolean }
  | { readonly packageDirectory: string; readonly wrapKey: Uint8Array; readonly ownerPublicKeyPem: string };

export interface LoadReport {
  /** Seconds of each step; of a package `load` counts from the start of `decrypt`, since the engine starts meanwhile. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Processor time of all of it, which other load of the machine changes less. */
  readonly processorSeconds: number;
  /** What the process held before, and at its peak with files in memory, in MiB. */
  readonly before: number;
  readonly peak: number;
}

/** Between two looks at what is held, milliseconds. */
const SAMPLE_MS = 5;

type Step = <Result>(name: string, job: () => Promise<Result>) => Promise<Result>;

process.once(
  "message",
  (order: LoadOrder) => void load(order).then((report) => process.send?.(report, () => process.exit())),
);

async function load(order: LoadOrder): Promise<LoadReport> {
  const before = statusMiB("VmRSS");
  const processor = process.cpuUsage();
  const seconds: Record<string, number> = {};
  const step: Step = async (name, job) => {
    const start = performance.now();
    const result = await job();
    seconds[name] = (performance.now() - start) / 1000;
    return result;
  };
  const samples: number[] = [];
  const sampling = setInterval(() => samples.push(heldMiB()), SAMPLE_MS);
  const model = await loadBy(order, step);
  clearInterval(sampling);
  const { user, system } = process.cpuUsage(processor);
  const peak = Math.max(statusMiB("VmHWM"), ...samples);
  await model?.close();
  return { seconds, processorSeconds: (user + system) / 1e6, before, peak };
}

async function loadBy(order: LoadOrder, step: Step): Promise<LoadedModel | undefined> {
  if ("packageDirectory" in order) {
    return await loadSealed(order, step);
  }
  if (order.stepwise !== true) {
    return await step("load", () => loadModel(order));
  }
  await loadStepwise(order.directory, step);
  return undefined;
}

async function loadSealed(
  { packageDirectory, ...keys }: Extract<LoadOrder, { readonly packageDirectory: string }>,
  step: Step,
): Promise<LoadedModel> {
  const opened = await step("verify", () => openPackage(packageDirectory, keys));
  return await step("load", () => loadModel(step("decrypt", () => decryptLatest(opened))));
}

async function decryptLatest(opened: OpenedPackage): Promise<ModelFiles> {
  const [version] = choosePackagedVersions(opened.manifest, { kind: "latest", count: 1 });
  if (version === undefined) {
    throw new Error("the package holds no version");
  }
  return await decryptVersion(opened, version, new AbortController().signal);
}

/** What the engine's thread does once it has started. Its code is loaded for this alone: it would count as held before. */
async function loadStepwise(directory: string, step: Step): Promise<void> {
  const { mapWeights } = await import("../../packages/models/src/engine/mapped-weights.ts");
  const { importRuntime, loadSessions } = await import("../../packages/models/src/engine/sessions.ts");
  const { DirectoryFiles } = await import("../../packages/models/src/model-directory.ts");
  const { islandsOf } = await import("../../packages/models/src/plan/plan.ts");
  const { prepareModel } = await import("../../packages/models/src/prepare-model.ts");
  await step("library", importRuntime);
  const prepared = await step("readAndPlan", async () => prepareModel(new DirectoryFiles(directory)));
  const graphs = [...prepared.graphs.values(), ...[...prepared.plans.values()].flatMap(islandsOf)];
  const arranged = await step("arrangeWeights", async () => prepared.arrangeWeights());
  const models = [...new Set(graphs.map(({ model }) => model))];
  const isMapped = prepared.platform === "tensorflow";
  const mapped = await step("mapWeights", async () => (isMapped ? mapWeights(models, arranged) : undefined));
  const files = mapped === undefined ? [...arranged].map(([path, data]) => ({ path, data })) : [];
  const given = { models, ...mapped, files, threads: undefined };
  const sessions = await step("sessions", () => loadSessions(given));
  mapped?.close();
  await sessions.release();
}

/** What the process holds, and what lies in files in memory, mapped or not: nobody else is to have any there meanwhile. */
function heldMiB(): number {
  const { blocks, bfree, bsize } = statfsSync("/dev/shm");
  return statusMiB("VmRSS") - statusMiB("RssShmem") + ((blocks - bfree) * bsize) / 2 ** 20;
}

/** A figure of proc_pid_status(5). */
function statusMiB(name: "VmRSS" | "VmHWM" | "RssShmem"): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kibibytes) / 1024;
}
