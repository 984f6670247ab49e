// Files by someone who knows the wrap key and writes nodes of any content, with tags that fit.
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import { openEncryptedContent } from "../src/encrypted-content.ts";
import { EncryptedFilesError } from "../src/errors.ts";
import { deriveMetadataKey } from "../src/format/metadata-key.ts";
import { sealMetadataNode } from "../src/format/metadata-node.ts";
import { openNode, sealNode, sealWithKey } from "../src/format/node-cipher.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { sampleBytes } from "./scratch.ts";

const NODE_SIZE = 4096;
const ENCRYPTED_SIZE = 3884;
const SIZE_OFFSET = 772;
const wrapKey = generateWrapKey();
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, size: "max" });

/** Content of at most the host's size, or a refusal by code; and quickly. */
async function assertSound(file: Uint8Array): Promise<void> {
  const started = performance.now();
  const outcome = attempt(() => decryptBytes(file, { wrapKey }));
  assert.ok(performance.now() - started < 10_000);
  if (outcome instanceof EncryptedFilesError) {
    assert.match(outcome.code, /^(malformed-metadata|corrupted|authentication-failed|invalid-version)$/);
  } else {
    assert.ok(outcome.content.length <= file.length);
  }
  const streamed = await streamedOutcome(file);
  if (outcome instanceof EncryptedFilesError) {
    assert.equal(streamed instanceof EncryptedFilesError && streamed.code, outcome.code);
  } else {
    assert.deepEqual(streamed, outcome.content);
  }
}

function attempt<Result>(job: () => Result): Result | EncryptedFilesError {
  try {
    return job();
  } catch (error) {
    assert.ok(error instanceof EncryptedFilesError, String(error));
    return error;
  }
}

async function streamedOutcome(file: Uint8Array): Promise<Uint8Array | EncryptedFilesError> {
  const read = async (position: number, target: Uint8Array) => {
    assert.ok(position + target.length <= file.length, "reads within the file only");
    target.set(file.subarray(position, position + target.length));
  };
  try {
    const source = { name: "crafted", size: file.length, read };
    return await (await openEncryptedContent(source, { wrapKey })).readAll();
  } catch (error) {
    assert.ok(error instanceof EncryptedFilesError, String(error));
    return error;
  }
}

/** A file whose first node has this plaintext. */
function withFirstNode(file: Uint8Array, plain: Uint8Array, version: 1 | 2): Uint8Array {
  const crafted = Uint8Array.from(file);
  crafted[8] = version;
  const nonce = randomFillSync(crafted.subarray(10, 42));
  const start = 57 + version;
  const target = crafted.subarray(start, start + ENCRYPTED_SIZE);
  crafted.set(sealWithKey(deriveMetadataKey(wrapKey, nonce), plain, target), 42);
  return crafted;
}

const genuine = encryptBytes(sampleBytes(500_000), { wrapKey, embeddedPath: "a" });

test("a first node of any content is refused or gives no more than the file holds", async () => {
  await fc.assert(
    fc.asyncProperty(bytesOf(ENCRYPTED_SIZE), fc.constantFrom(1 as const, 2 as const), (plain, version) =>
      assertSound(withFirstNode(genuine, plain, version)),
    ),
    { numRuns: 100 },
  );
});

test("any size, in a first node that is otherwise well-formed, is refused or gives no more than the file holds", async () => {
  const size = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: 0n, max: 600_000n }),
    fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  );
  await fc.assert(
    fc.asyncProperty(size, bytesOf(32), async (value, rootSlot) => {
      const plain = new Uint8Array(ENCRYPTED_SIZE);
      plain[0] = 0x61;
      new DataView(plain.buffer).setBigUint64(SIZE_OFFSET, value, true);
      plain.set(rootSlot, SIZE_OFFSET + 8);
      await assertSound(withFirstNode(genuine, plain, 1));
    }),
    { numRuns: 100 },
  );
});

test("a tree node of any content is refused", async () => {
  const size = 500_000;
  await fc.assert(
    fc.asyncProperty(bytesOf(NODE_SIZE), async (treeNode) => {
      const file = Uint8Array.from(genuine);
      const rootSlot = new Uint8Array(32);
      sealNode(treeNode, file.subarray(NODE_SIZE, 2 * NODE_SIZE), rootSlot);
      file.set(sealMetadataNode({ path: "a", size, rootSlot, head: new Uint8Array(3072) }, 1, wrapKey));
      await assertSound(file);
      assert.throws(() => decryptBytes(file, { wrapKey }), { code: "corrupted" });
    }),
    { numRuns: 40 },
  );
});

test("a tree node whose slots were exchanged is refused, although its own tag fits", async () => {
  const rootSlot = new Uint8Array(32);
  const treeNode = rootTreeNode(genuine);
  await fc.assert(
    fc.asyncProperty(fc.nat(95), fc.nat(95), async (a, b) => {
      fc.pre(a !== b);
      const exchanged = Uint8Array.from(treeNode);
      exchanged.set(treeNode.subarray(a * 32, a * 32 + 32), b * 32);
      exchanged.set(treeNode.subarray(b * 32, b * 32 + 32), a * 32);
      const file = Uint8Array.from(genuine);
      sealNode(exchanged, file.subarray(NODE_SIZE, 2 * NODE_SIZE), rootSlot);
      file.set(sealMetadataNode({ path: "a", size: 500_000, rootSlot, head: new Uint8Array(3072) }, 1, wrapKey));
      assert.throws(() => decryptBytes(file, { wrapKey }), { code: "corrupted" });
      await assertSound(file);
    }),
    { numRuns: 30 },
  );
});

/** Plaintext of the root tree node. */
function rootTreeNode(file: Uint8Array): Uint8Array {
  const key = deriveMetadataKey(wrapKey, file.subarray(10, 42));
  const slot = new Uint8Array([...key, ...file.subarray(42, 58)]);
  const first = openNode(slot, file.subarray(58, 58 + ENCRYPTED_SIZE)) ?? assert.fail();
  const rootSlot = first.subarray(SIZE_OFFSET + 8, SIZE_OFFSET + 40);
  return openNode(rootSlot, file.subarray(NODE_SIZE, 2 * NODE_SIZE)) ?? assert.fail();
}
