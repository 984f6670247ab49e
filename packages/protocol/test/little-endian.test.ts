import assert from "node:assert/strict";
import { it } from "node:test";
import { copyLittleEndian, littleEndianBytes, swapElements } from "../src/protobuf/little-endian.ts";

it("swaps the bytes of each element, for hosts of the other byte order", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  swapElements(bytes, 4);
  assert.deepEqual([...bytes], [4, 3, 2, 1, 8, 7, 6, 5]);
});

it("copies little-endian elements from any alignment", () => {
  const source = Uint8Array.of(0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40).subarray(1);
  const target = new Float32Array(3);
  copyLittleEndian(source, target, 1);
  assert.deepEqual([...target], [0, 1, 2]);
});

it("shows elements as little-endian bytes", () => {
  assert.deepEqual([...littleEndianBytes(Int16Array.of(1, -2))], [1, 0, 0xfe, 0xff]);
});
