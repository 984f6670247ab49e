import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeUtf8 } from "@sealserve/core";
import fc from "fast-check";

import { decompressSnappy } from "../src/bundle/snappy.ts";
import { modelError } from "./fixtures/errors.ts";
import { compressSnappy } from "./fixtures/snappy.ts";

test("literals and copies of every form are decompressed", () => {
  const literal = [9, 2 << 2, ...encodeUtf8("abc")];
  assert.deepEqual(decompressSnappy(Uint8Array.of(...literal, (2 << 2) | 1, 3)), encodeUtf8("abcabcabc"));
  assert.deepEqual(decompressSnappy(Uint8Array.of(...literal, (5 << 2) | 2, 3, 0)), encodeUtf8("abcabcabc"));
  assert.deepEqual(decompressSnappy(Uint8Array.of(...literal, (5 << 2) | 3, 3, 0, 0, 0)), encodeUtf8("abcabcabc"));
});

test("a literal can carry its length in up to four bytes", () => {
  const text = encodeUtf8("z".repeat(70));
  for (let bytes = 1; bytes <= 4; bytes++) {
    const length = [69, 0, 0, 0].slice(0, bytes);
    assert.deepEqual(decompressSnappy(Uint8Array.of(70, (59 + bytes) << 2, ...length, ...text)), text);
  }
});

test("what our compressor makes comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, max: 3 }), (content) => {
      assert.deepEqual(decompressSnappy(compressSnappy(content)), content);
    }),
    { numRuns: 200 },
  );
});

test("a malformed block is refused", () => {
  const bad = modelError("bad-checkpoint");
  assert.throws(() => decompressSnappy(Uint8Array.of(200, 200, 200, 1, 0, 65)), bad);
  assert.throws(() => decompressSnappy(Uint8Array.of(2, 0, 65)), bad);
  assert.throws(() => decompressSnappy(Uint8Array.of(1, 1 << 2, 65, 66)), bad);
  assert.throws(() => decompressSnappy(Uint8Array.of(5, 0, 65, (3 << 2) | 2, 0, 0)), bad);
  assert.throws(() => decompressSnappy(Uint8Array.of(5, 0, 65, (3 << 2) | 2, 2, 0)), bad);
  assert.throws(() => decompressSnappy(Uint8Array.of(3, 0, 65, (3 << 2) | 2, 1, 0)), bad);
});

test("a block that ends in the middle of an element is refused", () => {
  const whole = compressSnappy(encodeUtf8("abcabcabcabc"));
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decompressSnappy(whole.subarray(0, length)));
  }
});
