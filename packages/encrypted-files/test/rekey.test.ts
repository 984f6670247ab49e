import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { chmod, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import type { Progress } from "../src/files.ts";
import { rekeyFile } from "../src/rekey.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, sampleBytes, scratchDirectory, swapAfterFirstRead } from "./scratch.ts";

const wrapKey = generateWrapKey();
const newWrapKey = generateWrapKey();
const plain = sampleBytes(900_000);

async function encryptedFile(t: TestContext, version: 1 | 2 = 1) {
  const directory = await scratchDirectory(t);
  const input = join(directory, "model.pf");
  const bytes = encryptBytes(plain, { wrapKey, embeddedPath: "models/a", version });
  await writeFile(input, bytes);
  return { directory, input, bytes, job: { input, output: input, wrapKey, newWrapKey } };
}

/** How many of the nodes stand in both files at the same place. */
function sharedNodes(a: Uint8Array, b: Uint8Array): number {
  const starts = Array.from({ length: a.length / 4096 }, (_, index) => index * 4096);
  return starts.filter((at) => Buffer.compare(a.subarray(at, at + 4096), b.subarray(at, at + 4096)) === 0).length;
}

for (const version of [1, 2] as const) {
  test(`version ${version}: quickly, the first node alone is new, and the old key opens nothing`, async (t) => {
    const { directory, input, bytes, job } = await encryptedFile(t, version);
    await rekeyFile(job);
    const rekeyed = await readFile(input);
    const opened = decryptBytes(rekeyed, { wrapKey: newWrapKey });
    assert.deepEqual(opened, { content: plain, path: "models/a", version });
    assert.equal(sharedNodes(rekeyed, bytes), bytes.length / 4096 - 1);
    assert.throws(() => decryptBytes(rekeyed, { wrapKey }), { code: "authentication-failed" });
    assert.deepEqual(await readdir(directory), ["model.pf"]);
  });

  test(`version ${version}: in full, no node stays, so that the old first node opens none of them`, async (t) => {
    const { input, bytes, job } = await encryptedFile(t, version);
    await rekeyFile({ ...job, full: true });
    const rekeyed = await readFile(input);
    const opened = decryptBytes(rekeyed, { wrapKey: newWrapKey });
    assert.deepEqual(opened, { content: plain, path: "models/a", version });
    assert.equal(sharedNodes(rekeyed, bytes), 0);
    const mixed = new Uint8Array([...bytes.subarray(0, 4096), ...rekeyed.subarray(4096)]);
    assert.throws(() => decryptBytes(mixed, { wrapKey }), { code: "corrupted" });
  });
}

test("every node can be made anew under the same wrap key, into another file and version", async (t) => {
  const { directory, bytes, job } = await encryptedFile(t);
  const output = join(directory, "again.pf");
  await rekeyFile({ ...job, output, newWrapKey: wrapKey, full: true, version: 2, threads: 1 });
  const again = await readFile(output);
  assert.deepEqual(decryptBytes(again, { wrapKey }), { content: plain, path: "models/a", version: 2 });
  assert.equal(sharedNodes(again, bytes), 0);
  assert.deepEqual((await readdir(directory)).toSorted(), ["again.pf", "model.pf"]);
});

test("what is refused leaves the file as it was, and nothing else", async (t) => {
  const { directory, input, bytes, job } = await encryptedFile(t, 2);
  const unchanged = async (content: Uint8Array) => {
    assert.deepEqual(await readdir(directory), ["model.pf"]);
    assert.equal(Buffer.compare(await readFile(input), content), 0);
  };
  await assert.rejects(rekeyFile({ ...job, newWrapKey: wrapKey }), { code: "invalid-argument" });
  for (const full of [false, true]) {
    await assert.rejects(rekeyFile({ ...job, full, newWrapKey: new Uint8Array(17) }), { code: "wrap-key-size" });
    await assert.rejects(rekeyFile({ ...job, full, wrapKey: new Uint8Array(15) }), { code: "wrap-key-size" });
    await assert.rejects(rekeyFile({ ...job, full, wrapKey: newWrapKey, newWrapKey: wrapKey }), {
      code: "authentication-failed",
    });
    const signal = AbortSignal.abort(new Error("stop"));
    await assert.rejects(rekeyFile({ ...job, full, signal }), /stop/);
    await unchanged(bytes);
    await writeFile(input, flipped(bytes, 58));
    await assert.rejects(rekeyFile({ ...job, full }), { code: "pending-write" });
    await unchanged(flipped(bytes, 58));
    await writeFile(input, bytes);
  }
});

test("damage that a quick change would carry on is found by a full one", async (t) => {
  const { input, bytes, job } = await encryptedFile(t);
  await writeFile(input, flipped(bytes, bytes.length - 1));
  await assert.rejects(rekeyFile({ ...job, full: true }), { code: "corrupted" });
  assert.equal(Buffer.compare(await readFile(input), flipped(bytes, bytes.length - 1)), 0);
});

test("a link is refused: the file that it leads to would keep its old key", async (t) => {
  const { directory, input, job } = await encryptedFile(t);
  const link = join(directory, "link.pf");
  await symlink(input, link);
  for (const full of [false, true]) {
    await assert.rejects(rekeyFile({ ...job, input: link, output: link, full }), { code: "symlink" });
  }
});

test("storage that swaps the first node after it was read cannot put one file's path on another's content", async (t) => {
  for (const size of [2000, 900_000]) {
    const { input, job } = await encryptedFile(t);
    const [own, other] = [sampleBytes(size, 2), sampleBytes(size, 3)];
    await writeFile(input, encryptBytes(own, { wrapKey, embeddedPath: "models/a" }));
    await swapAfterFirstRead(t, input, encryptBytes(other, { wrapKey, embeddedPath: "models/b" }));
    const rekeyed = rekeyFile({ ...job, full: true });
    if (size > 3072) {
      await assert.rejects(rekeyed, { code: "corrupted" });
    } else {
      await rekeyed;
      const opened = decryptBytes(await readFile(input), { wrapKey: newWrapKey });
      assert.deepEqual(opened, { content: own, path: "models/a", version: 1 });
    }
    t.mock.restoreAll();
  }
});

test("a newer file that takes the name of one being rekeyed stays", async (t) => {
  const { directory, input, bytes, job } = await encryptedFile(t);
  const newer = join(directory, "newer");
  for (const full of [false, true]) {
    await writeFile(input, bytes);
    await writeFile(newer, "newer");
    const onProgress = ({ done, total }: Progress) => done === total && renameSync(newer, input);
    await assert.rejects(rekeyFile({ ...job, full, onProgress }), { code: "input-changed" });
    assert.equal(await readFile(input, "utf8"), "newer");
    assert.deepEqual(await readdir(directory), ["model.pf"]);
  }
});

test("a file that only its owner may read is no more open under another key", async (t) => {
  for (const full of [false, true]) {
    const { input, job } = await encryptedFile(t);
    await chmod(input, 0o600);
    await rekeyFile({ ...job, full });
    assert.equal((await stat(input)).mode & 0o777, 0o600);
  }
});
