import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstat, mkdir, mkdtemp, open, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test("folders of processes that have ended are wiped by the next, those of living ones and strangers stay", async () => {
  const space = (await readlink("/proc/self/ns/pid")).replaceAll(/\D/g, "");
  const ended = execFileSync("/bin/sh", ["-c", "echo $$"]).toString().trim();
  const living = await PrivateDirectory.create(place);
  const names = {
    ended: `sealserve-${space}-${ended}-1-abc`,
    reused: `sealserve-${space}-${process.pid}-1-abc`,
    otherSpace: `sealserve-1-${ended}-1-abc`,
    stranger: "something-else",
  };
  for (const name of Object.values(names)) {
    await mkdir(join(place, name));
  }
  await symlink(join(place, names.stranger), join(place, `sealserve-${space}-${ended}-2-abc`));
  const next = await PrivateDirectory.create(place);
  const left = await readdir(place);
  assert.deepEqual(left.includes(names.ended) || left.includes(names.reused), false);
  for (const kept of [names.otherSpace, names.stranger, living.path.slice(place.length + 1)]) {
    assert.ok(left.includes(kept), kept);
  }
  assert.ok((await lstat(join(place, `sealserve-${space}-${ended}-2-abc`))).isSymbolicLink());
  await Promise.all([living.remove(), next.remove()]);
});

test("a folder that is gone has nothing to wipe", async () => {
  await wipeFiles(join(place, "gone"));
});
