import { cp, lstat, mkdir, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../errors.ts";

/** A serving program on disk: every file that the serving node executes, ready to be measured. */
export interface ProgramImage {
  readonly directory: string;
  /** The command to start, for `node`. */
  readonly entry: string;
  /** The packages it holds, in the order they were found. */
  readonly packages: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const OWN_SCOPE = /^(sealserve$|@sealserve\/)/;
const OWN_FILES = /^(package\.json|bin\/.*|dist\/.*\.js)$/;
const NEVER_EXECUTED = /\.(map|d\.[cm]?ts|ts|md|cc|hh|h|S|asm|def|inc)$/;
const NATIVE_ENGINE = "onnxruntime-node";
/** What the engine's package needs only while it is being installed. */
const INSTALL_ONLY = new Set(["adm-zip", "global-agent"]);

/** Services of their own, which a serving node never starts: what is not in the image needs no trust. */
const NOT_SERVED = new Set(["@sealserve/collateral-service"]);

/**
 * Copies the serving program into `output`: this command, the packages it needs at run time (not the simulator, which
 * is optional, nor the collateral service) and the native engine of this machine's platform only. The same source gives
 * the same files, so the same measurement.
 * @throws CliError `output-exists`, `not-built`, or the reason of `signal`; nothing is left then
 */
export async function assembleProgramImage(output: string, signal?: AbortSignal): Promise<ProgramImage> {
  await refuseExisting(output);
  const staging = `${resolve(output)}.partial-${process.pid}`;
  try {
    const packages = await findPackages(packageDirectoryOfThisCommand());
    for (const [name, directory] of packages) {
      signal?.throwIfAborted();
      await copyPackage(name, directory, join(staging, "node_modules", name));
    }
    await rename(staging, output);
    return {
      directory: output,
      entry: join(output, "node_modules", "sealserve", "bin", "sealserve.cjs"),
      packages: [...packages.keys()],
    };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function refuseExisting(output: string): Promise<void> {
  const existing = await readdir(output).catch(() => []);
  if (existing.length > 0) {
    throw new CliError("output-exists", `${output} exists and is not empty`, {
      remedy: "name a new folder, or remove this one",
    });
  }
}

function packageDirectoryOfThisCommand(): string {
  return resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
}

/** Walks the run-time dependencies, breadth first. One version of each name: two would need nesting, so it is refused. */
async function findPackages(start: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const queue = [start];
  for (let directory = queue.shift(); directory !== undefined; directory = queue.shift()) {
    const manifest = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as Manifest;
    const known = found.get(manifest.name);
    if (known !== undefined && known !== directory) {
      throw new CliError("not-built", `two copies of ${manifest.name} are installed: ${known} and ${directory}`);
    }
    if (known === undefined) {
      found.set(manifest.name, directory);
      const needed = Object.keys(manifest.dependencies ?? {}).filter(
        (name) => !INSTALL_ONLY.has(name) && !NOT_SERVED.has(name),
      );
      for (const name of needed.sort()) {
        queue.push(await locatePackage(name, directory));
      }
      queue.push(...(await locateBinaries(manifest, directory)));
    }
  }
  return found;
}

/** The form for this platform, the only one that is installed, where a package of others keeps each in a package of its own. */
async function locateBinaries({ name, optionalDependencies = {} }: Manifest, directory: string): Promise<string[]> {
  const forms = OWN_SCOPE.test(name) ? [] : Object.keys(optionalDependencies);
  const located = await Promise.all(forms.sort().map((form) => findPackage(form, directory)));
  return located.filter((found) => found !== undefined);
}

async function locatePackage(name: string, from: string): Promise<string> {
  const found = await findPackage(name, from);
  if (found === undefined) {
    throw new CliError("not-built", `package ${name} is not installed`, { remedy: "run 'npm ci'" });
  }
  return found;
}

async function findPackage(name: string, from: string): Promise<string | undefined> {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, "node_modules", name);
    if (await isDirectory(candidate)) {
      return await realpath(candidate);
    }
    if (directory === dirname(directory)) {
      return undefined;
    }
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

async function copyPackage(name: string, from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, {
    recursive: true,
    filter: async (source) => {
      const path = relative(from, source).split(sep).join("/");
      const status = await lstat(source);
      if (path === "") {
        return true;
      }
      if (status.isSymbolicLink() || basename(source) === "node_modules") {
        return false;
      }
      return status.isDirectory() ? keepsFolder(name, path) : keepsFile(name, path);
    },
  });
}

function keepsFolder(name: string, path: string): boolean {
  if (OWN_SCOPE.test(name)) {
    return /^(bin|dist)(\/|$)/.test(path);
  }
  return name !== NATIVE_ENGINE || keepsNative(path);
}

function keepsFile(name: string, path: string): boolean {
  if (OWN_SCOPE.test(name)) {
    return OWN_FILES.test(path);
  }
  return !NEVER_EXECUTED.test(path) && (name !== NATIVE_ENGINE || keepsNative(path));
}

/** The engine ships binaries for every platform below bin/napi-vN/PLATFORM/ARCHITECTURE; only ours is needed. */
function keepsNative(path: string): boolean {
  const [top, , platform, architecture] = path.split("/");
  return (
    top !== "bin" ||
    ((platform === undefined || platform === process.platform) &&
      (architecture === undefined || architecture === process.arch))
  );
}
