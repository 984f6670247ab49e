/** Loads one model in a process of its own, and says how long that took and how much memory. */
import { readFileSync } from "node:fs";
import { openPackage } from "@sealserve/encrypted-files";
import { type LoadedModel, loadModel } from "@sealserve/models";
import { decryptVersion } from "../../packages/serving/src/node/decrypt.ts";
import { choosePackagedVersions } from "../../packages/serving/src/node/packaged-versions.ts";

/** What to load: a folder, or a sealed package of it. */
export type LoadOrder =
  | { readonly directory: string }
  | { readonly packageDirectory: string; readonly wrapKey: Uint8Array; readonly ownerPublicKeyPem: string };

export interface LoadReport {
  /** Seconds of each step: those of a package are `verify` and `decrypt`, then comes `load`. */
  readonly seconds: Readonly<Record<string, number>>;
  /** What the process held before, and at its peak, in MiB. */
  readonly before: number;
  readonly peak: number;
}

process.once(
  "message",
  (order: LoadOrder) => void load(order).then((report) => process.send?.(report, () => process.exit())),
);

async function load(order: LoadOrder): Promise<LoadReport> {
  const before = statusMiB("VmRSS");
  const seconds: Record<string, number> = {};
  const step = async <Result>(name: string, job: () => Promise<Result>): Promise<Result> => {
    const start = performance.now();
    const result = await job();
    seconds[name] = (performance.now() - start) / 1000;
    return result;
  };
  const model = await ("directory" in order ? step("load", () => loadModel(order)) : loadSealed(order, step));
  const peak = statusMiB("VmHWM");
  await model.close();
  return { seconds, before, peak };
}

async function loadSealed(
  { packageDirectory, ...keys }: Extract<LoadOrder, { readonly packageDirectory: string }>,
  step: <Result>(name: string, job: () => Promise<Result>) => Promise<Result>,
): Promise<LoadedModel> {
  const opened = await step("verify", () => openPackage(packageDirectory, keys));
  const [version] = choosePackagedVersions(opened.manifest, { kind: "latest", count: 1 });
  if (version === undefined) {
    throw new Error("the package holds no version");
  }
  const files = await step("decrypt", () => decryptVersion(opened, version, new AbortController().signal));
  return await step("load", () => loadModel(files));
}

/** A figure of proc_pid_status(5). */
function statusMiB(name: "VmRSS" | "VmHWM"): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kibibytes) / 1024;
}
