/**
 * Gets real TensorFlow libraries for the tests of `--engine=tensorflow`, out of packages that carry them: version 1.15 from the npm
 * registry, and 2.21 from a Python wheel where pip finds it. They are kept in the user's cache, not in the project.
 *
 *     SEALSERVE_LIBTENSORFLOW=$(npm run --silent libtensorflow) npm test -- packages/models
 *
 * Prints the paths of those that could be had, with ":" between them; fails when there is none.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

interface Source {
  readonly name: string;
  /** The package's hash, in hex. */
  readonly hash: readonly [algorithm: string, digest: string];
  /** The library among the files that are taken out. */
  readonly library: string;
  /** Brings the package into a folder. */
  readonly download: (folder: string) => void;
  readonly packageFiles: string;
  /** Takes the libraries out of the package, into a folder. */
  readonly unpack: (file: string, folder: string) => Promise<void> | void;
}

const NPM_LIBRARIES = "node_modules/@tensorflow/tfjs-node/deps/lib";
const WHEEL_LIBRARIES = ["tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"];
/** Takes files out of a zip archive: its path, the folder, and the files. */
const UNZIP = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2], sys.argv[3:])";

const SOURCES: readonly Source[] = [
  {
    name: "libtensorflow-1.15.0",
    hash: [
      "sha512",
      "0f6ef93d9a71b0a7a74ee88f9ef204e53f83e49ad3e1a53d33710309e74140a94fd21501ef4d7563383c08027a30122883d2eaf7469a11a8abe32ac106593ad7",
    ],
    library: `${NPM_LIBRARIES}/libtensorflow.so.1`,
    download: (folder) => run("npm", ["pack", "--silent", "tfjs-node-lambda-releases@1.6.1"], folder),
    packageFiles: "*.tgz",
    unpack: async (file, folder) => {
      const inner = ["-xzOf", file, "package/nodejs12.x-tf1.7.4.br"];
      await untarThrough(inner, ["-xf", "-", "-C", folder, NPM_LIBRARIES]);
    },
  },
  {
    name: "tensorflow-cpu-2.21.0",
    hash: ["sha256", "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c"],
    library: WHEEL_LIBRARIES[0] ?? "",
    download: (folder) => {
      const platform = ["--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_27_x86_64"];
      const patience = ["--retries=0", "--timeout=30", "--quiet"];
      run(
        "python3",
        ["-m", "pip", "download", ...patience, ...platform, "--no-deps", "tensorflow-cpu==2.21.0"],
        folder,
      );
    },
    packageFiles: "*.whl",
    unpack: (file, folder) => run("python3", ["-c", UNZIP, file, folder, ...WHEEL_LIBRARIES], folder),
  },
];

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sealserve");
const found: string[] = [];
for (const source of process.arch === "x64" ? SOURCES : []) {
  try {
    found.push(await fetchLibrary(source));
  } catch (error) {
    process.stderr.write(`${source.name} cannot be had here: ${String(error)}\n`);
  }
}
process.stdout.write(`${found.join(delimiter)}\n`);
process.exitCode = found.length > 0 ? 0 : 1;

async function fetchLibrary({ name, hash, library, download, packageFiles, unpack }: Source): Promise<string> {
  const place = join(cache, name);
  if (!existsSync(place)) {
    mkdirSync(cache, { recursive: true });
    const folder = mkdtempSync(join(cache, "unpacking-"));
    try {
      download(folder);
      const [file = ""] = globSync(packageFiles, { cwd: folder });
      await expectHash(join(folder, file), hash);
      await unpack(join(folder, file), folder);
      rmSync(join(folder, file));
      renameSync(folder, place);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return join(place, library);
}

async function expectHash(file: string, [algorithm, expected]: Source["hash"]): Promise<void> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  const actual = hash.digest("hex");
  if (actual !== expected) {
    throw new Error(`${file} is another package than the one that was pinned: ${algorithm} ${actual}`);
  }
}

/** Decompresses what one `tar` writes, and gives it to another. */
async function untarThrough(from: readonly string[], to: readonly string[]): Promise<void> {
  const source = spawn("tar", from, { stdio: ["ignore", "pipe", "inherit"] });
  const sink = spawn("tar", to, { stdio: ["pipe", "ignore", "inherit"] });
  const ends = [source, sink].map(succeed);
  await pipeline(source.stdout, createBrotliDecompress(), sink.stdin);
  await Promise.all(ends);
}

async function succeed(child: ChildProcess): Promise<void> {
  const [code] = await once(child, "exit");
  if (code !== 0) {
    throw new Error(`tar ended with code ${code}`);
  }
}

function run(command: string, args: readonly string[], folder: string): void {
  execFileSync(command, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}
