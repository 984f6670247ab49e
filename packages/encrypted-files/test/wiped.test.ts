import assert from "node:assert/strict";
import crypto, { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import { encryptFile } from "../src/files.ts";
import { inspectFile } from "../src/inspect.ts";
import { rekeyFile } from "../src/rekey.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, sampleBytes, scratchDirectory } from "./scratch.ts";

const wrapKey = generateWrapKey();
const newWrapKey = generateWrapKey();
/** Two groups, the first of which has the second as its child, and a last node that is not full. */
const plain = sampleBytes(400_000);
const encrypted = encryptBytes(plain, { wrapKey, embeddedPath: "a" });
/** Of the plaintext of a first node, the bytes behind the path and the size. */
const FIRST_NODE_SECRETS = 780;
const FIRST_NODE_SIZE = FIRST_NODE_SECRETS + 32 + 3072;

/** Where plaintexts and keys were while a test ran. */
function secretsOf(t: TestContext): () => Uint8Array[] {
  const [key, nonce] = [new Uint8Array(16), new Uint8Array(12)];
  const decipher: DecipherGCM = Object.getPrototypeOf(createDecipheriv("aes-128-gcm", key, nonce));
  const cipher: CipherGCM = Object.getPrototypeOf(createCipheriv("aes-128-gcm", key, nonce));
  const decrypted = t.mock.method(decipher, "update").mock;
  const encrypting = t.mock.method(cipher, "update").mock;
  const keys = t.mock.method(crypto, "createSecretKey").mock;
  syncBuiltinESMExports();
  t.after(() => {
    keys.restore();
    syncBuiltinESMExports();
  });
  return () => {
    const found: unknown[] = [
      ...decrypted.calls.map(({ result }) => result),
      ...[...encrypting.calls, ...keys.calls].map((call) => call.arguments[0]),
    ];
    return found.filter((bytes) => bytes instanceof Uint8Array);
  };
}

function isWiped(bytes: Uint8Array): boolean {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.detached) {
    return true;
  }
  const secret = bytes.length === FIRST_NODE_SIZE ? bytes.subarray(FIRST_NODE_SECRETS) : bytes;
  return secret.every((byte) => byte === 0);
}

/** All but the content that was given or asked for. */
function assertWiped(secrets: () => Uint8Array[], content: Uint8Array): void {
  const copies = secrets().filter((bytes) => bytes.buffer !== content.buffer);
  assert.ok(copies.length > 0);
  const left = copies.filter((bytes) => !isWiped(bytes)).map(({ length }) => length);
  assert.deepEqual(left, [], "sizes of what was left");
}

test("bytes that are encrypted leave no key and no copy of theirs behind (threat D8)", (t) => {
  const secrets = secretsOf(t);
  for (const size of [10, 9000, 400_000]) {
    encryptBytes(plain.subarray(0, size), { wrapKey, embeddedPath: "a" });
  }
  assertWiped(secrets, plain);
});

test("bytes that are decrypted are in the content alone, and nowhere when a node is damaged (threat D8)", (t) => {
  const secrets = secretsOf(t);
  const { content } = decryptBytes(encrypted, { wrapKey });
  assertWiped(secrets, content);
  assert.deepEqual(content, plain);
  const { mock } = t.mock.method(Uint8Array.prototype, "set");
  assert.throws(() => decryptBytes(flipped(encrypted, encrypted.length - 1), { wrapKey }), { code: "corrupted" });
  assertWiped(secrets, content);
  const targets = mock.calls.map((call): unknown => call.this).filter((target) => target instanceof Uint8Array);
  const written = targets.filter(({ length }) => length === plain.length);
  assert.ok(written.length > 0 && written.every(isWiped));
});

test("an inspection leaves no key and no plaintext behind (threat D8)", async (t) => {
  const input = join(await scratchDirectory(t), "encrypted");
  const secrets = secretsOf(t);
  for (const bytes of [encrypted, flipped(encrypted, encrypted.length - 1)]) {
    await writeFile(input, bytes);
    for (const checkNodes of [false, true]) {
      await inspectFile(input, { wrapKey, checkNodes, threads: 0 });
    }
  }
  assertWiped(secrets, plain);
});

test("a change of the wrap key leaves no other key and no plaintext behind, nor does one that fails (threat D8)", async (t) => {
  const directory = await scratchDirectory(t);
  const [input, output] = [join(directory, "encrypted"), join(directory, "again")];
  const secrets = secretsOf(t);
  for (const full of [false, true]) {
    await writeFile(input, encrypted);
    await rekeyFile({ input, output, wrapKey, newWrapKey, full, threads: 0 });
    await assert.rejects(rekeyFile({ input, output: join(directory, "no", "folder"), wrapKey, newWrapKey, full }));
  }
  await writeFile(input, flipped(encrypted, encrypted.length - 1));
  await assert.rejects(rekeyFile({ input, output, wrapKey, newWrapKey, full: true, threads: 0 }), {
    code: "corrupted",
  });
  assertWiped(secrets, plain);
});

test("a file that is encrypted leaves no key and no plaintext behind (threat D8)", async (t) => {
  const directory = await scratchDirectory(t);
  const input = join(directory, "plain");
  await writeFile(input, plain);
  const secrets = secretsOf(t);
  await encryptFile({ input, output: join(directory, "encrypted"), wrapKey, embeddedPath: "a", threads: 0 });
  assertWiped(secrets, plain);
});
