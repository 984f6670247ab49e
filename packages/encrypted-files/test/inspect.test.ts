import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { encryptBytes } from "../src/bytes.ts";
import { inspectFile } from "../src/inspect.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, sampleBytes, scratchDirectory, swapAfterFirstRead } from "./scratch.ts";

const wrapKey = generateWrapKey();
const encrypted = encryptBytes(sampleBytes(10_000), { wrapKey, embeddedPath: "models/a", version: 2 });
const header = { version: 2, minorVersion: 0, pendingWrite: false, hostSize: encrypted.length };

/** A path with these bytes in it. */
async function fileOf(t: Parameters<typeof scratchDirectory>[0], bytes: Uint8Array): Promise<string> {
  const path = join(await scratchDirectory(t), "model.pf");
  await writeFile(path, bytes);
  return path;
}

test("without a key the header is told", async (t) => {
  assert.deepEqual(await inspectFile(await fileOf(t, encrypted)), { ...header, wrapKey: "not-given" });
});

test("with the key the size and the embedded path are told", async (t) => {
  const content = { size: 10_000, embeddedPath: "models/a", staleBytes: 0 };
  const path = await fileOf(t, encrypted);
  assert.deepEqual(await inspectFile(path, { wrapKey }), { ...header, wrapKey: "accepted", content });
  assert.deepEqual(await inspectFile(path, { wrapKey, checkNodes: true }), { ...header, wrapKey: "accepted", content });
});

test("stale nodes and a pending write are told", async (t) => {
  const stale = new Uint8Array([...flipped(encrypted, 58), ...new Uint8Array(4096)]);
  const inspection = await inspectFile(await fileOf(t, stale), { wrapKey });
  assert.equal(inspection.pendingWrite, true);
  assert.equal(inspection.content?.staleBytes, 4096);
});

test("another key is refused, and so is a damaged first node", async (t) => {
  const path = await fileOf(t, encrypted);
  assert.deepEqual(await inspectFile(path, { wrapKey: generateWrapKey() }), { ...header, wrapKey: "refused" });
  const damaged = await fileOf(t, flipped(encrypted, 500));
  assert.deepEqual(await inspectFile(damaged, { wrapKey }), { ...header, wrapKey: "refused" });
});

test("damage behind the first node is told apart from another key", async (t) => {
  const path = await fileOf(t, flipped(encrypted, 2 * 4096));
  const quick = await inspectFile(path, { wrapKey });
  assert.deepEqual([quick.wrapKey, quick.damage], ["accepted", undefined]);
  const whole = await inspectFile(path, { wrapKey, checkNodes: true });
  assert.deepEqual([whole.wrapKey, whole.damage?.code], ["accepted", "corrupted"]);
  const cut = await inspectFile(await fileOf(t, encrypted.subarray(0, 8192)), { wrapKey });
  assert.deepEqual([cut.wrapKey, cut.damage?.code], ["accepted", "corrupted"]);
});

test("a check of every node tells its progress, and can be stopped", async (t) => {
  const path = await fileOf(t, encryptBytes(sampleBytes(900_000), { wrapKey, embeddedPath: "a" }));
  const seen: number[] = [];
  await inspectFile(path, { wrapKey, checkNodes: true, threads: 1, onProgress: ({ done }) => seen.push(done) });
  assert.deepEqual(seen, [3072, 396288, 789504, 900_000]);
  const signal = AbortSignal.abort(new Error("stop"));
  await assert.rejects(inspectFile(path, { wrapKey, checkNodes: true, signal }), /stop/);
});

test("what is no encrypted file is refused", async (t) => {
  for (const bytes of [new Uint8Array(0), sampleBytes(4096), encrypted.subarray(0, 4097)]) {
    await assert.rejects(inspectFile(await fileOf(t, bytes)), { code: "invalid-header" });
  }
  await assert.rejects(inspectFile(await fileOf(t, flipped(encrypted, 8, 4))), { code: "invalid-version" });
  await assert.rejects(inspectFile(await fileOf(t, encrypted), { wrapKey: new Uint8Array(4) }), {
    code: "wrap-key-size",
  });
});

test("storage that swaps the first node after it was read cannot have a right key vouch for the first reading", async (t) => {
  const path = await fileOf(t, flipped(encrypted, 58));
  await swapAfterFirstRead(t, path, encryptBytes(sampleBytes(10_000), { wrapKey, embeddedPath: "models/b" }));
  const { version, pendingWrite, content } = await inspectFile(path, { wrapKey });
  assert.deepEqual([version, pendingWrite, content?.embeddedPath], [2, true, "models/a"]);
});
