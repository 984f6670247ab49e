/**
 * Encrypting and decrypting 100 MiB as a Gramine encrypted file, with all file input and output: throughput, and CPU seconds.
 * `npm run bench:files`, with a folder to work in as an argument; `--large` for the memory that 2 GiB take.
 *
 * The peer is gramine-sgx-pf-crypt. Where it is not installed, its figures are quoted: measured on a machine of this kind
 * with the same 100 MiB, and without the flush to the disk that ours waits for.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { decryptFile, encryptFile, writeWrapKey } from "@sealserve/encrypted-files";
import { printFigure, spread, time } from "./harness.ts";

const SIZE = 100 * 2 ** 20;
const LARGE_SIZE = 2 * 2 ** 30;
const ROUNDS = 9;
const PEER = "gramine-sgx-pf-crypt";

type Direction = "encrypt" | "decrypt";
type Sample = { readonly seconds: number; readonly cpuSeconds: number };
type Samples = Record<Direction, Sample[]>;

/** Gramine's current tool, and the one that CCZoo installs; `megabytesPerSecond` in units of 10^6. */
const QUOTED = {
  current: { megabytesPerSecond: { encrypt: 202, decrypt: 223 }, cpuSeconds: { encrypt: 0.66, decrypt: 0.64 } },
  cczoo: { megabytesPerSecond: { encrypt: 169, decrypt: 178 } },
};

const { values: options, positionals } = parseArgs({ options: { large: { type: "boolean" } }, allowPositionals: true });
const folder = await mkdtemp(join(positionals[0] ?? tmpdir(), "sealserve-bench-"));
const at = (name: string): string => join(folder, name);
const wrapKey = randomBytes(16);
try {
  await (options.large === true ? benchMemory() : benchSpeed());
} finally {
  await rm(folder, { recursive: true });
}

async function benchSpeed(): Promise<void> {
  await writeWrapKey(at("wrap.key"), wrapKey);
  await writeRandomFile(at("plain"), SIZE);
  const hasPeer = spawnSync(PEER, ["--help"]).error === undefined;
  const ours: Samples = { encrypt: [], decrypt: [] };
  const peers: Samples = { encrypt: [], decrypt: [] };
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const direction of ["encrypt", "decrypt"] as const) {
      const samples = [await runOurs(direction), ...(hasPeer ? [await runPeer(direction)] : [])] as const;
      if (round > 0) {
        ours[direction].push(samples[0]);
        peers[direction].push(...samples.slice(1));
      }
    }
  }
  const peer = hasPeer ? summary(peers) : QUOTED.current;
  const own = summary(ours);
  const ratios = (["encrypt", "decrypt"] as const).map(
    (direction) => own.megabytesPerSecond[direction] / peer.megabytesPerSecond[direction],
  );
  printFigure({
    name: "Gramine encrypted files, 100 MiB with input and output",
    ratio: Number(Math.min(...ratios).toPrecision(3)),
    ratioOf: `median throughput to that of ${PEER} (${hasPeer ? "run side by side" : "quoted"}), the worse direction`,
    ratios: { encrypt: Number(ratios[0]?.toPrecision(3)), decrypt: Number(ratios[1]?.toPrecision(3)) },
    megabytesPerSecond: own.megabytesPerSecond,
    cpuSeconds: own.cpuSeconds,
    seconds: { encrypt: spread(ours.encrypt.map(wall)), decrypt: spread(ours.decrypt.map(wall)) },
    peer,
    quoted: QUOTED,
  });
}

async function runOurs(direction: Direction): Promise<Sample> {
  const before = process.cpuUsage();
  const seconds = await time(() =>
    direction === "encrypt"
      ? encryptFile({ input: at("plain"), output: at("ours.pf"), wrapKey })
      : decryptFile({ input: at("ours.pf"), output: at("ours"), wrapKey }),
  );
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

/** Runs the tool as a whole process, and has the shell tell its CPU time. */
async function runPeer(direction: Direction): Promise<Sample> {
  const [input, output] = direction === "encrypt" ? ["plain", "peer.pf"] : ["peer.pf", "peer"];
  await rm(at(output), { force: true });
  const command = [PEER, direction, "-w", at("wrap.key"), "-i", at(input), "-o", at(output)];
  let stderr = "";
  const seconds = await time(async () => {
    const script = `TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1`;
    ({ stderr } = spawnSync("bash", ["-c", script, "bash", ...command], { encoding: "utf8" }));
  });
  const [user = Number.NaN, system = Number.NaN] = stderr.trim().split(" ").map(Number);
  return { seconds, cpuSeconds: user + system };
}

function summary(samples: Samples) {
  const median = (values: readonly number[]): number => spread(values).median;
  const speed = ({ seconds }: Sample): number => SIZE / 1e6 / seconds;
  const cpu = ({ cpuSeconds }: Sample): number => cpuSeconds;
  return {
    megabytesPerSecond: { encrypt: median(samples.encrypt.map(speed)), decrypt: median(samples.decrypt.map(speed)) },
    cpuSeconds: { encrypt: median(samples.encrypt.map(cpu)), decrypt: median(samples.decrypt.map(cpu)) },
  };
}

function wall({ seconds }: Sample): number {
  return seconds;
}

async function writeRandomFile(path: string, size: number): Promise<void> {
  await using file = await open(path, "w");
  const block = 2 ** 20;
  for (let position = 0; position < size; position += block) {
    await file.write(randomBytes(Math.min(block, size - position)));
  }
}

/** 2 GiB there and back in a process of its own whose heap may have 64 MiB. */
async function benchMemory(): Promise<void> {
  await using file = await open(at("plain"), "w");
  await file.truncate(LARGE_SIZE);
  const script = `
    import { decryptFile, encryptFile } from "@sealserve/encrypted-files";
    const wrapKey = new Uint8Array(16);
    const before = process.resourceUsage().maxRSS;
    await encryptFile({ input: ${JSON.stringify(at("plain"))}, output: ${JSON.stringify(at("large.pf"))}, wrapKey });
    await decryptFile({ input: ${JSON.stringify(at("large.pf"))}, output: ${JSON.stringify(at("large"))}, wrapKey });
    console.log(JSON.stringify({ before, most: process.resourceUsage().maxRSS }));`;
  const child = spawnSync(process.execPath, ["--max-old-space-size=64", "--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  if (child.status !== 0) {
    throw new Error(child.stderr);
  }
  const { before, most } = JSON.parse(child.stdout) as { readonly before: number; readonly most: number };
  printFigure({
    name: "Gramine encrypted files, memory for 2 GiB both ways under --max-old-space-size=64",
    mebibytes: { processAtStart: Math.round(before / 1024), processAtMost: Math.round(most / 1024) },
  });
}
