import assert from "node:assert/strict";
import { createDecipheriv, type DecipherGCM } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { ByteSource } from "../src/byte-source.ts";
import { encryptBytes } from "../src/bytes.ts";
import { openEncryptedContent } from "../src/encrypted-content.ts";
import { decryptFile, encryptFile } from "../src/files.ts";
import { ContentOpener } from "../src/format/content-opener.ts";
import { openDataNodes, sealDataNodes } from "../src/format/data-nodes.ts";
import { callingThread } from "../src/groups/group-cipher.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, sampleBytes, scratchDirectory } from "./scratch.ts";

const wrapKey = generateWrapKey();
const plain = sampleBytes(12979201 + 5000);
const encrypted = encryptBytes(plain, { wrapKey, embeddedPath: "a" });

/** A source in memory that notes which nodes were read. */
function recordingSource(bytes: Uint8Array): ByteSource & { readonly nodesRead: number[] } {
  const nodesRead: number[] = [];
  return {
    name: "recorded",
    size: bytes.length,
    nodesRead,
    async read(position, target) {
      target.set(bytes.subarray(position, position + target.length));
      for (let at = position; at < position + target.length; at += 4096) {
        nodesRead.push(at / 4096);
      }
    },
  };
}

test("any range can be read", async () => {
  const content = await openEncryptedContent(recordingSource(encrypted), { wrapKey });
  const offset = fc.oneof(fc.nat(8000), fc.nat(plain.length), fc.integer({ min: 396288 - 5000, max: 396288 + 5000 }));
  await fc.assert(
    fc.asyncProperty(offset, fc.nat(9000), async (start, wanted) => {
      const length = Math.min(wanted, plain.length - start);
      assert.deepEqual(await content.read(start, length), plain.slice(start, start + length));
    }),
    { numRuns: 60 },
  );
});

test("a read touches only the nodes on the way to its bytes", async () => {
  const source = recordingSource(encrypted);
  const content = await openEncryptedContent(source, { wrapKey });
  assert.deepEqual(source.nodesRead, [0]);
  await content.read(12979200, 1);
  assert.deepEqual(source.nodesRead, [0, 1, 98, 3202, 3203]);
  await content.read(12979200, 1);
  assert.deepEqual(source.nodesRead.slice(5), [3202, 3203]);
  await content.read(100, 2000);
  assert.equal(source.nodesRead.length, 7);
});

test("a range outside of the content is refused", async () => {
  const content = await openEncryptedContent(recordingSource(encrypted), { wrapKey });
  for (const [offset, length] of [
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [plain.length, 1],
    [0, plain.length + 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ] as const) {
    await assert.rejects(content.read(offset, length), { code: "out-of-range" });
  }
  assert.equal((await content.read(plain.length, 0)).length, 0);
});

test("a read past a damaged node fails, and reads elsewhere do not", async () => {
  const content = await openEncryptedContent(recordingSource(flipped(encrypted, 3 * 4096 + 5)), { wrapKey });
  assert.deepEqual(await content.read(3072, 4096), plain.slice(3072, 7168));
  await assert.rejects(content.read(7168, 1), { code: "corrupted", message: /content bytes 7168 to 11263/ });
});

test("chunks come in order, and nothing comes from a group with a damaged node", async () => {
  const source = recordingSource(flipped(encrypted, (1 + 97 + 1 + 50) * 4096));
  const content = await openEncryptedContent(source, { wrapKey });
  let length = 0;
  const readThrough = async () => {
    for await (const chunk of content.chunks()) {
      assert.equal(Buffer.compare(chunk, plain.subarray(length, length + chunk.length)), 0);
      length += chunk.length;
    }
  };
  await assert.rejects(readThrough(), { code: "corrupted" });
  assert.equal(length, 396288);
});

for (const threads of [0, 2]) {
  test(`the whole content comes through ${threads} threads, or nothing of it when any part was changed`, async () => {
    const intact = await openEncryptedContent(recordingSource(encrypted), { wrapKey });
    assert.equal(Buffer.compare(await intact.readAll({ threads }), plain), 0);
    // A tree node in the midst, a data node in the midst, the last data node.
    for (const offset of [(1 + 97) * 4096, (1 + 97 + 1 + 50) * 4096, encrypted.length - 1]) {
      const content = await openEncryptedContent(recordingSource(flipped(encrypted, offset)), { wrapKey });
      const target = new Uint8Array(plain.length);
      await assert.rejects(content.readInto(target, { threads }), { code: "corrupted" });
      assert.ok(
        target.every((byte) => byte === 0),
        "what was genuine is overwritten too",
      );
    }
  });
}

test("no copy of the plaintext is left to the garbage collector", () => {
  const [content, nodes, treeNode] = [sampleBytes(96 * 4096), new Uint8Array(96 * 4096), new Uint8Array(4096)];
  sealDataNodes(content, nodes, treeNode);
  const target = new Uint8Array(content.length);
  const before = process.memoryUsage().arrayBuffers;
  assert.equal(openDataNodes(treeNode, 0, nodes, target), undefined);
  assert.ok(process.memoryUsage().arrayBuffers - before < content.length / 2);
  assert.equal(Buffer.compare(target, content), 0);
});

test("a target of another size is refused, untouched", async () => {
  const content = await openEncryptedContent(recordingSource(encrypted), { wrapKey });
  for (const size of [0, plain.length - 1, plain.length + 1]) {
    const target = new Uint8Array(size).fill(7);
    await assert.rejects(content.readInto(target), { code: "out-of-range" });
    assert.ok(target.every((byte) => byte === 7));
  }
});

/** Memory that groups were given while a test ran. */
function groupMemories(t: TestContext): ArrayBuffer[] {
  const memories: ArrayBuffer[] = [];
  t.mock.method(callingThread, "allocate", (size: number) => {
    const memory = new ArrayBuffer(size);
    memories.push(memory);
    return memory;
  });
  return memories;
}

const isWiped = (memory: ArrayBufferLike): boolean => new Uint8Array(memory).every((byte) => byte === 0);

test("no key and no plaintext stays in the memory of groups: at the end, at damage, and when nobody goes on (threat D8)", async (t) => {
  const memories = groupMemories(t);
  const threads = { threads: 0 };
  const open = async (bytes: Uint8Array) => await openEncryptedContent(recordingSource(bytes), { wrapKey });
  const whole = await open(encrypted);
  assert.deepEqual(await whole.readAll(threads), plain);
  await assert.rejects((await open(flipped(encrypted, 3_000_000))).readAll(threads), { code: "corrupted" });
  for await (const chunk of whole.chunks(threads)) {
    if (chunk.length > 4096) {
      break;
    }
  }
  const stop = new AbortController();
  stop.abort(new Error("not wanted"));
  await assert.rejects(whole.readAll({ ...threads, signal: stop.signal }), /not wanted/);
  assert.ok(memories.length >= 3);
  assert.ok(memories.every(isWiped));
});

test("nor in a tree node's when its data nodes cannot be read (threat D8)", async (t) => {
  const { mock } = t.mock.method(ContentOpener.prototype, "openTreeNode");
  const source = recordingSource(encrypted);
  const failing: ByteSource = {
    ...source,
    read: async (position, target) => {
      if (position === 2 * 4096) {
        throw new Error("the disk is gone");
      }
      await source.read(position, target);
    },
  };
  const content = await openEncryptedContent(failing, { wrapKey });
  await assert.rejects(content.read(3072, 10), /the disk is gone/);
  assert.equal(mock.calls.length, 1);
  assert.ok(mock.calls.every(({ result }) => result?.every((byte) => byte === 0)));
});

/** Plaintexts of what is decrypted while a test runs. */
function plaintexts(t: TestContext): () => Uint8Array[] {
  const prototype: DecipherGCM = Object.getPrototypeOf(
    createDecipheriv("aes-128-gcm", new Uint8Array(16), new Uint8Array(12)),
  );
  const { mock } = t.mock.method(prototype, "update");
  return () => mock.calls.flatMap(({ result }: { result?: unknown }) => (result instanceof Uint8Array ? [result] : []));
}

test("nor in the first node's when it is refused, or its file was decrypted (threat D8)", async (t) => {
  const directory = await scratchDirectory(t);
  const [input, output] = [join(directory, "encrypted"), join(directory, "plain")];
  const small = encryptBytes(plain.subarray(0, 9000), { wrapKey, embeddedPath: "a" });
  await writeFile(input, small);
  const found = plaintexts(t);
  const open = async (bytes: Uint8Array, embeddedPath: string) =>
    await openEncryptedContent(recordingSource(bytes), { wrapKey, embeddedPath });
  await assert.rejects(open(small, "b"), { code: "invalid-path" });
  await assert.rejects(open(small.subarray(0, 4096), "a"), { code: "corrupted" });
  await decryptFile({ input, output, wrapKey, threads: 0 });
  const heads = found().filter(({ length }) => length > 3072 && length < 4096);
  assert.equal(heads.length, 3);
  // Behind the path and the size.
  assert.ok(heads.every((head) => head.subarray(780).every((byte) => byte === 0)));
});

test("nor does any while it is encrypted", async (t) => {
  const memories = groupMemories(t);
  const directory = await scratchDirectory(t);
  const [input, output] = [join(directory, "plain"), join(directory, "encrypted")];
  await writeFile(input, plain);
  await encryptFile({ input, output, wrapKey, embeddedPath: "a", threads: 0 });
  assert.ok(memories.length > 0 && memories.every(isWiped));
});

test("a content that was told to forget has no keys and no plaintext any more", async () => {
  const content = await openEncryptedContent(recordingSource(encrypted), { wrapKey });
  await content.read(12979200, 1);
  content.forget();
  assert.deepEqual(await content.read(0, 3000), new Uint8Array(3000));
  await assert.rejects(content.read(4096, 1), { code: "corrupted" });
  await assert.rejects(content.readAll(), { code: "corrupted" });
});
