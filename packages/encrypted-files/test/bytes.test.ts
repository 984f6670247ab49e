import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { describe, test } from "node:test";
import { encodeUtf8 } from "@sealserve/core";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import { layoutOf } from "../src/format/layout.ts";
import { deriveMetadataKey } from "../src/format/metadata-key.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { flipped, sampleBytes } from "./scratch.ts";

const wrapKey = generateWrapKey();
const embeddedPath = "models/demo/1/saved_model.pb";

const BOUNDARY_SIZES = [
  0, 1, 15, 3071, 3072, 3073, 4095, 4096, 4097, 7167, 7168, 7169, 392192, 396287, 396288, 396289, 400384, 400385,
];

for (const version of [1, 2] as const) {
  for (const size of BOUNDARY_SIZES) {
    test(`version ${version}: ${size} bytes come back`, () => {
      const plain = sampleBytes(size);
      const encrypted = encryptBytes(plain, { wrapKey, embeddedPath, version });
      assert.equal(encrypted.length, layoutOf(size).hostSize);
      assert.deepEqual(decryptBytes(encrypted, { wrapKey, embeddedPath }), {
        content: plain,
        path: embeddedPath,
        version,
      });
    });
  }
}

test("content that needs a third level of tree nodes comes back", () => {
  const plain = sampleBytes(12979201);
  const { content } = decryptBytes(encryptBytes(plain, { wrapKey, embeddedPath }), { wrapKey });
  assert.equal(Buffer.compare(content, plain), 0);
});

test("version 1 is written unless another is asked for, with zero minor version, flags and padding", () => {
  const one = encryptBytes(sampleBytes(10), { wrapKey, embeddedPath });
  assert.deepEqual(one.subarray(0, 10), encodeUtf8("GRAFS_PF\x01\x00"));
  assert.deepEqual(one.subarray(3942), new Uint8Array(154));
  const two = encryptBytes(sampleBytes(10), { wrapKey, embeddedPath, version: 2 });
  assert.deepEqual(two.subarray(0, 10), encodeUtf8("GRAFS_PF\x02\x00"));
  assert.equal(two[58], 0);
  assert.deepEqual(two.subarray(3943), new Uint8Array(153));
});

test("encrypting twice gives no equal piece of ciphertext, for equal or for zero content", () => {
  for (const plain of [sampleBytes(400_000), new Uint8Array(400_000)]) {
    const seen = new Set<string>();
    let pieces = 0;
    for (let round = 0; round < 2; round++) {
      const encrypted = encryptBytes(plain, { wrapKey, embeddedPath });
      // The header's first ten bytes and the padding are constant; everything else is not.
      for (let start = 10; start + 16 <= encrypted.length; start += 16) {
        if (start < 3920 || start >= 4096) {
          seen.add(Buffer.from(encrypted.subarray(start, start + 16)).toString("hex"));
          pieces++;
        }
      }
    }
    assert.equal(seen.size, pieces);
  }
});

test("the embedded path is normalised on both sides and compared as a whole", () => {
  const encrypted = encryptBytes(sampleBytes(5), { wrapKey, embeddedPath: "./models//demo/x/../1/saved_model.pb" });
  assert.equal(decryptBytes(encrypted, { wrapKey, embeddedPath: `./${embeddedPath}` }).path, embeddedPath);
  for (const other of ["models/demo/2/saved_model.pb", `${embeddedPath}.x`, `/${embeddedPath}`, "saved_model.pb"]) {
    assert.throws(() => decryptBytes(encrypted, { wrapKey, embeddedPath: other }), { code: "invalid-path" });
  }
  assert.throws(() => decryptBytes(encrypted, { wrapKey, embeddedPath: "" }), { code: "invalid-path" });
});

test("an error names the file and what can be done", () => {
  const encrypted = encryptBytes(sampleBytes(5), { wrapKey, embeddedPath });
  assert.throws(() => decryptBytes(encrypted, { wrapKey: generateWrapKey(), name: "model.pf" }), {
    code: "authentication-failed",
    message: "model.pf cannot be opened with this wrap key",
    remedy: /check which wrap key/,
  });
});

test("another wrap key, or one that differs in a bit, opens nothing", () => {
  const encrypted = encryptBytes(sampleBytes(5000), { wrapKey, embeddedPath });
  for (const other of [generateWrapKey(), new Uint8Array(16), flipped(wrapKey, 15)]) {
    assert.throws(() => decryptBytes(encrypted, { wrapKey: other }), { code: "authentication-failed" });
  }
});

test("a wrap key that has not 16 bytes is refused for both directions", () => {
  const encrypted = encryptBytes(sampleBytes(5), { wrapKey, embeddedPath });
  for (const size of [0, 15, 17, 32]) {
    const short = { code: "wrap-key-size", message: new RegExp(`^Wrap key size ${size} != 16`) };
    assert.throws(() => encryptBytes(sampleBytes(5), { wrapKey: new Uint8Array(size), embeddedPath }), short);
    assert.throws(() => decryptBytes(encrypted, { wrapKey: new Uint8Array(size) }), short);
  }
});

test("what is no encrypted file is refused as such", () => {
  const encrypted = encryptBytes(sampleBytes(5000), { wrapKey, embeddedPath });
  for (const bytes of [
    new Uint8Array(0),
    sampleBytes(4096),
    encrypted.subarray(0, 4095),
    encrypted.subarray(0, encrypted.length - 1),
    new Uint8Array([...encrypted, 0]),
    flipped(encrypted, 0),
    flipped(encrypted, 7),
  ]) {
    assert.throws(() => decryptBytes(bytes, { wrapKey }), { code: "invalid-header" });
  }
});

test("an unknown major version is refused, and versions 1 and 2 cannot pass for each other", () => {
  for (const version of [1, 2] as const) {
    const encrypted = encryptBytes(sampleBytes(100), { wrapKey, embeddedPath, version });
    for (const other of [0, 3, 255]) {
      const changed = Uint8Array.from(encrypted);
      changed[8] = other;
      assert.throws(() => decryptBytes(changed, { wrapKey }), { code: "invalid-version", actual: `${other}` });
    }
    assert.throws(() => decryptBytes(flipped(encrypted, 8, 3), { wrapKey }), { code: "authentication-failed" });
  }
});

test("whole nodes behind the last one in use are ignored", () => {
  const plain = sampleBytes(9000);
  const encrypted = encryptBytes(plain, { wrapKey, embeddedPath });
  const longer = new Uint8Array([...encrypted, ...sampleBytes(3 * 4096)]);
  assert.deepEqual(decryptBytes(longer, { wrapKey }).content, plain);
});

describe("metadata made by someone who knows the wrap key", () => {
  test("a content size beyond the host's file is damage, and sizes nothing", () => {
    for (const size of [3073n, 10_000n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      assert.throws(() => decryptBytes(craftedNode("a", size), { wrapKey }), { code: "corrupted" });
    }
  });

  test("a path field without terminator is refused", () => {
    assert.throws(() => decryptBytes(craftedNode("p".repeat(772), 5n), { wrapKey }), { code: "malformed-metadata" });
    assert.equal(decryptBytes(craftedNode("p".repeat(771), 5n), { wrapKey }).path.length, 771);
  });

  test("a path that is not UTF-8 is refused", () => {
    const node = craftedNode(Uint8Array.of(0x61, 0xff), 5n);
    assert.throws(() => decryptBytes(node, { wrapKey }), { code: "malformed-metadata" });
  });

  test("content beyond the size field is not returned", () => {
    assert.equal(decryptBytes(craftedNode("a", 7n), { wrapKey }).content.length, 7);
  });
});

/** A first node with all tags right, and fields of our choice. */
function craftedNode(path: string | Uint8Array, size: bigint): Uint8Array {
  const plain = new Uint8Array(3884).fill(0x77, 812);
  plain.set(typeof path === "string" ? encodeUtf8(path) : path);
  new DataView(plain.buffer).setBigUint64(772, size, true);
  const node = new Uint8Array(4096);
  node.set(encodeUtf8("GRAFS_PF\x01"));
  const cipher = createCipheriv("aes-128-gcm", deriveMetadataKey(wrapKey, node.subarray(10, 42)), new Uint8Array(12));
  node.set(cipher.update(plain), 58);
  cipher.final();
  node.set(cipher.getAuthTag(), 42);
  return node;
}
