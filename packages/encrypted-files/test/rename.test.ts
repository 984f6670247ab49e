import assert from "node:assert/strict";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import { renameFile } from "../src/rename.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, onDirectoryFlush, sampleBytes, scratchDirectory } from "./scratch.ts";

const wrapKey = generateWrapKey();
const plain = sampleBytes(900_000);

async function encryptedFile(t: TestContext, version: 1 | 2 = 1) {
  const directory = await scratchDirectory(t);
  const input = join(directory, "old.pf");
  const bytes = encryptBytes(plain, { wrapKey, embeddedPath: "models/old", version });
  await writeFile(input, bytes);
  return { directory, input, output: join(directory, "new.pf"), bytes };
}

for (const version of [1, 2] as const) {
  test(`version ${version}: the first node alone is written anew, under a fresh nonce`, async (t) => {
    const { directory, input, output, bytes } = await encryptedFile(t, version);
    await renameFile({ input, output, wrapKey, embeddedPath: "./models//new" });
    assert.deepEqual(await readdir(directory), ["new.pf"]);
    const renamed = await readFile(output);
    assert.deepEqual(decryptBytes(renamed, { wrapKey }), { content: plain, path: "models/new", version });
    assert.equal(Buffer.compare(renamed.subarray(4096), bytes.subarray(4096)), 0);
    assert.notDeepEqual(renamed.subarray(10, 42), bytes.subarray(10, 42));
    assert.notDeepEqual(renamed.subarray(1000, 3900), bytes.subarray(1000, 3900));
  });
}

test("the new name is embedded unless a path is given; the name may stay", async (t) => {
  const { input, output } = await encryptedFile(t);
  await renameFile({ input, output, wrapKey });
  assert.equal(decryptBytes(await readFile(output), { wrapKey }).path, output);
  await renameFile({ input: output, output, wrapKey, embeddedPath: "elsewhere" });
  assert.equal(decryptBytes(await readFile(output), { wrapKey }).path, "elsewhere");
});

test("the format version can be changed, in both directions", async (t) => {
  const { input } = await encryptedFile(t);
  for (const version of [2, 1] as const) {
    await renameFile({ input, output: input, wrapKey, embeddedPath: "a", version });
    assert.deepEqual(decryptBytes(await readFile(input), { wrapKey }), { content: plain, path: "a", version });
  }
});

test("two names of one file are not taken for two files", async (t) => {
  const { directory, input } = await encryptedFile(t);
  await symlink(".", join(directory, "loop"));
  await renameFile({ input, output: join(directory, "loop", "old.pf"), wrapKey, embeddedPath: "a" });
  assert.equal(decryptBytes(await readFile(input), { wrapKey }).path, "a");
});

test("stale nodes at the end stay", async (t) => {
  const { input, output, bytes } = await encryptedFile(t);
  await writeFile(input, new Uint8Array([...bytes, ...sampleBytes(8192)]));
  await renameFile({ input, output, wrapKey });
  assert.equal((await readFile(output)).length, bytes.length + 8192);
});

test("what is refused leaves the file as it was, and nothing else", async (t) => {
  const { directory, input, output, bytes } = await encryptedFile(t, 2);
  const unchanged = async (content: Uint8Array) => {
    assert.deepEqual(await readdir(directory), ["old.pf"]);
    assert.equal(Buffer.compare(await readFile(input), content), 0);
  };
  const job = { input, output, wrapKey };
  await assert.rejects(renameFile({ ...job, wrapKey: generateWrapKey() }), { code: "authentication-failed" });
  await assert.rejects(renameFile({ ...job, wrapKey: new Uint8Array(15) }), { code: "wrap-key-size" });
  await assert.rejects(renameFile({ ...job, embeddedPath: "n".repeat(772) }), { code: "path-too-long" });
  await assert.rejects(renameFile({ ...job, embeddedPath: "/" }), { code: "invalid-path" });
  await assert.rejects(renameFile({ ...job, signal: AbortSignal.abort(new Error("stop")) }), /stop/);
  await unchanged(bytes);
  for (const [changed, code] of [
    [flipped(bytes, 58), "pending-write"],
    [flipped(bytes, 2000), "authentication-failed"],
    [bytes.subarray(0, 8192), "corrupted"],
    [bytes.subarray(0, 8191), "invalid-header"],
  ] as const) {
    await writeFile(input, changed);
    await assert.rejects(renameFile(job), { code });
    await unchanged(changed);
  }
});

test("a file that changes while it is renamed is refused, and stays", async (t) => {
  const { directory, input, output } = await encryptedFile(t);
  const onProgress = () => appendFileSync(input, new Uint8Array(4096));
  await assert.rejects(renameFile({ input, output, wrapKey, onProgress }), { code: "input-changed" });
  assert.deepEqual(await readdir(directory), ["old.pf"]);
});

test("a link is refused: the file that it leads to would keep its old name", async (t) => {
  const { directory, input, output } = await encryptedFile(t);
  const link = join(directory, "link.pf");
  await symlink(input, link);
  await assert.rejects(renameFile({ input: link, output, wrapKey }), { code: "symlink" });
  await mkdir(join(directory, "folder"));
  await assert.rejects(renameFile({ input, output: join(directory, "folder"), wrapKey }), { code: "output-exists" });
  assert.equal((await readFile(input)).length > 0, true);
});

test("a newer file that takes the old name while the older is copied stays, and nothing else appears", async (t) => {
  const { directory, input, output, bytes } = await encryptedFile(t);
  const newer = join(directory, "newer");
  for (const to of [output, input]) {
    await writeFile(input, bytes);
    await writeFile(newer, "newer");
    const onProgress = () => renameSync(newer, input);
    const job = { input, output: to, wrapKey, embeddedPath: "a", onProgress };
    await assert.rejects(renameFile(job), { code: "input-changed" });
    assert.equal(await readFile(input, "utf8"), "newer");
    assert.deepEqual(await readdir(directory), ["old.pf"]);
  }
});

test("a file that is written to in place while it is copied stays, though its size is the same", async (t) => {
  const { directory, input, output, bytes } = await encryptedFile(t);
  // Not just now: the clock of the file system is a coarse one.
  await utimes(input, 1, 1);
  const onProgress = () => writeFileSync(input, bytes);
  await assert.rejects(renameFile({ input, output, wrapKey, onProgress }), { code: "input-changed" });
  assert.deepEqual(await readdir(directory), ["old.pf"]);
});

test("a newer file that takes the old name when the new one stands already stays, and so does the renamed", async (t) => {
  const { directory, input, output } = await encryptedFile(t);
  const newer = join(directory, "newer");
  await writeFile(newer, "newer");
  await onDirectoryFlush(t, directory, () => renameSync(newer, input));
  await assert.rejects(renameFile({ input, output, wrapKey }), { code: "input-changed", actual: /new\.pf/ });
  assert.equal(await readFile(input, "utf8"), "newer");
  assert.deepEqual(decryptBytes(await readFile(output), { wrapKey }).content, plain);
});

test("a file that only its owner may read is no more open under its new name", async (t) => {
  const { input, output } = await encryptedFile(t);
  for (const mode of [0o600, 0o400, 0o640]) {
    await chmod(input, mode);
    await renameFile({ input, output, wrapKey });
    assert.equal((await stat(output)).mode & 0o777, mode);
    await renameFile({ input: output, output: input, wrapKey });
  }
});
