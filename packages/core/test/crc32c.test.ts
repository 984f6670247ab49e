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

test("CRC-32C of a long content is the one bit by bit, wherever it begins and ends", () => {
  const bytes = Uint8Array.from({ length: 12_500 }, (_, index) => (index * index * 7) >> 3);
  for (const [start, end] of [
    [0, 1024],
    [0, 4095],
    [0, 4096],
    [1, 4097],
    [3, 4100],
    [2, 8195],
    [0, 12_288],
    [7, 12_500],
  ] as const) {
    const part = bytes.subarray(start, end);
    assert.equal(crc32c(part), bitByBit(part), `bytes ${start} to ${end}`);
  }
});

test("a stored checksum is rotated and offset", () => {
  assert.equal(maskCrc(0), 0xa282ead8);
  assert.equal(maskCrc(0xe3069283), (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0);
  assert.notEqual(maskCrc(crc32c(encodeUtf8("foo"))), crc32c(encodeUtf8("foo")));
});

function bitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}
