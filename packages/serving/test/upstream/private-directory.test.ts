import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { NodeError } from "../../src/errors.ts";
import { expectNoSwap, PrivateDirectory } from "../../src/upstream/private-directory.ts";
import { wipeFiles } from "../../src/upstream/wipe-files.ts";

let place: string;

before(async () => {
  place = await mkdtemp("/dev/shm/sealserve-test-");
});

after(() => rm(place, { recursive: true, force: true }));

const unusable = (error: unknown): boolean => error instanceof NodeError && error.code === "private-directory-unusable";

test("a place on a disk is refused, and so are one that is none and one that is a file (threat D8)", async () => {
  const onDisk = await mkdtemp(join(tmpdir(), "sealserve-disk-"));
  await assert.rejects(PrivateDirectory.create(onDisk), unusable);
  assert.deepEqual(await readdir(onDisk), [], "nothing was written");
  await rm(onDisk, { recursive: true });
  await assert.rejects(PrivateDirectory.create(join(place, "absent")), unusable);
  await writeFile(join(place, "file"), "");
  await assert.rejects(PrivateDirectory.create(join(place, "file")), unusable);
  await rm(join(place, "file"));
});

test("a machine with swap is refused, also when it is memory that may have a disk behind it (threat D8)", () => {
  const heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
  expectNoSwap(heading);
  for (const area of ["/dev/vda2 partition", "/swapfile file", "/dev/zram0 partition"]) {
    assert.throws(() => expectNoSwap(`${heading}${area}\t\t8388604\t\t0\t\t-2\n`), unusable, area);
  }
});

test("paths that would lead out of the folder are refused", async () => {
  const directory = await PrivateDirectory.create(place);
  for (const path of ["../out", "a/../../out", "/out", "a//b", "", ".", "a\0b"]) {
    await assert.rejects(directory.writeFiles("model", new Map([[path, Uint8Array.of(1)]])), unusable, path);
  }
  await directory.remove();
  assert.deepEqual(await readdir(place), []);
});

test("what is removed has been overwritten, where links lead to has not", async () => {
  const directory = await PrivateDirectory.create(place);
  const elsewhere = join(place, "elsewhere");
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, "kept"), "kept");
  await directory.writeFiles("model/1", new Map([["variables/data", new Uint8Array(3_000_000).fill(7)]]));
  await directory.link("linked/1", elsewhere);
  await symlink(join(elsewhere, "kept"), directory.at("link"));
  // A descriptor still reads a file that has lost its name.
  await using plaintext = await open(directory.at("model/1/variables/data"), "r");
  await directory.remove();
  const { buffer, bytesRead } = await plaintext.read(Buffer.alloc(4_000_000), 0, 4_000_000, 0);
  assert.equal(bytesRead, 3_000_000);
  assert.ok(buffer.every((byte) => byte === 0));
  assert.equal(await readFile(join(elsewhere, "kept"), "utf8"), "kept");
  await rm(elsewhere, { recursive: true });
});

/** A process that makes a folder, writes plaintext into it and waits. */
async function startOther(): Promise<{ readonly directory: string; readonly process: ChildProcess }> {
  const module = new URL("../../src/upstream/private-directory.ts", import.meta.url).href;
  const program = `
    const { PrivateDirectory } = await import(${JSON.stringify(module)});
    const directory = await PrivateDirectory.create(${JSON.stringify(place)});
    await directory.writeFiles("model/1", new Map([["data", Uint8Array.of(7)]]));
    console.log(directory.path);
    setInterval(() => undefined, 60_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [path] = (await once(child.stdout, "data")) as [Buffer];
  return { directory: path.toString().trim(), process: child };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("folders of processes that have ended are wiped by the next, those of living ones and strangers stay", async () => {
  const [ended, living] = [await startOther(), await startOther()];
  await using plaintext = await open(join(ended.directory, "model/1/data"), "r");
  await kill(ended.process);
  // It answers nothing, and lives.
  living.process.kill("SIGSTOP");
  const others = ["something-else", "new-sealserve-engine-abc"];
  await Promise.all(others.map((name) => mkdir(join(place, name))));
  await symlink(join(place, "something-else"), join(place, "sealserve-engine-link"));
  const own = await PrivateDirectory.create(place);
  const next = await PrivateDirectory.create(place);
  const left = [own.path, next.path, living.directory].map((path) => basename(path));
  assert.deepEqual(new Set(await readdir(place)), new Set([...left, ...others, "sealserve-engine-link"]));
  assert.deepEqual((await plaintext.read(Buffer.alloc(2), 0, 2, 0)).buffer, Buffer.alloc(2));
  living.process.kill("SIGCONT");
  await Promise.all([own.remove(), next.remove(), kill(living.process)]);
  await (await PrivateDirectory.create(place)).remove();
  assert.deepEqual(new Set(await readdir(place)), new Set([...others, "sealserve-engine-link"]));
  await Promise.all(["sealserve-engine-link", ...others].map((name) => rm(join(place, name), { recursive: true })));
});

test("a folder whose removal was cut short is removed", async () => {
  await mkdir(join(place, "sealserve-engine-abc/model"), { recursive: true });
  await (await PrivateDirectory.create(place)).remove();
  assert.deepEqual(await readdir(place), []);
});

test("a place that others can change is refused: they could put a folder of theirs in the place of ours", async () => {
  const shared = join(place, "shared");
  await mkdir(shared);
  for (const [mode, refused] of [
    [0o777, true],
    [0o770, true],
    [0o1777, false],
    [0o755, false],
  ] as const) {
    await chmod(shared, mode);
    const creating = PrivateDirectory.create(shared).then((directory) => directory.remove());
    await (refused ? assert.rejects(creating, unusable, mode.toString(8)) : creating);
  }
  await rm(shared, { recursive: true });
});

test("plaintext that cannot be overwritten or removed is reported", async () => {
  const directory = await PrivateDirectory.create(place);
  await directory.writeFiles("model", new Map([["data", Uint8Array.of(7)]]));
  // A program that runs cannot be written to.
  await copyFile("/bin/sleep", directory.at("model/sleep"));
  const running = spawn(directory.at("model/sleep"), ["1000"], { stdio: "ignore" });
  await once(running, "spawn");
  await assert.rejects(directory.remove(), unusable);
  await kill(running);
  assert.deepEqual(await readdir(place), []);
});

test("a folder that is gone has nothing to wipe", async () => {
  assert.deepEqual(await wipeFiles(join(place, "gone")), []);
});
