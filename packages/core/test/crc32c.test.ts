import assert from "node:assert/strict";
import { test } from "node:test";

import { crc32c, maskCrc } from "../src/bytes/crc32c.ts";
import { encodeUtf8 } from "../src/bytes/text.ts";

test("CRC-32C gives the values of RFC 3720 appendix B.4", () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
  assert.equal(crc32c(encodeUtf8("123456789")), 0xe3069283);
});

test("CRC-32C of a view looks only at the view", () => {
  const bytes = encodeUtf8("xx123456789yy");
  assert.equal(crc32c(bytes.subarray(2, 11)), 0xe3069283);
  assert.equal(crc32c(new Uint8Array()), 0);
});

test("a stored checksum is rotated and offset", () => {
  assert.equal(maskCrc(0), 0xa282ead8);
  assert.equal(maskCrc(0xe3069283), (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0);
  assert.notEqual(maskCrc(crc32c(encodeUtf8("foo"))), crc32c(encodeUtf8("foo")));
});
