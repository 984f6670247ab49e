import assert from "node:assert/strict";
import { test } from "node:test";
import { copyLittleEndian, littleEndianBytes } from "../src/protobuf/little-endian.ts";
import { WireReader } from "../src/protobuf/wire-reader.ts";
import { encodeWith } from "../src/protobuf/wire-writer.ts";
import { decodeTensor } from "../src/tensor/decode.ts";
import { encodeTensor } from "../src/tensor/encode.ts";
import { isNumberData } from "../src/tensor/tensor.ts";

/** Reads a text as a `string` field. */
function readText(text: string): string {
  const reader = new WireReader(encodeWith((writer) => writer.tag(1, 2).string(text)));
  reader.next();
  return reader.string();
}

test("short texts that share a place among the remembered ones are told apart, whatever came before", () => {
  const texts = Array.from({ length: 2000 }, (_, index) => `name_${index.toString(36)}`);
  for (const text of [...texts, ...texts.toReversed()]) {
    assert.equal(readText(text), text);
  }
});

test("few numbers are written and read as many are", () => {
  for (const length of [0, 1, 3, 16, 17, 40]) {
    const floats = Float32Array.from({ length }, (_, index) => index / 3 - 1);
    const longs = BigInt64Array.from({ length }, (_, index) => BigInt(index) - 2n ** 40n);
    const bytes = littleEndianBytes(floats);
    const target = new Float32Array(length + 2);
    copyLittleEndian(bytes, target, 1);
    assert.deepEqual(target, Float32Array.from([0, ...floats, 0]));
    for (const tensor of [
      { dtype: "float32", shape: [length], data: floats },
      { dtype: "int64", shape: [length], data: longs },
    ] as const) {
      for (const asContent of [true, false]) {
        assert.deepEqual(decodeTensor(encodeTensor(tensor, { asContent })), tensor);
      }
    }
  }
});

test("the bits of a NaN stay as they are, of few numbers as of many", () => {
  for (const length of [1, 16, 17, 40]) {
    const floats = Uint32Array.from({ length }, (_, index) => 0x7fa00001 + index);
    const doubles = BigUint64Array.from({ length }, (_, index) => 0x7ff4000000000001n + BigInt(index));
    for (const tensor of [
      { dtype: "float32", shape: [length], data: new Float32Array(floats.buffer) },
      { dtype: "float64", shape: [length], data: new Float64Array(doubles.buffer) },
    ] as const) {
      for (const asContent of [true, false]) {
        const { data } = decodeTensor(encodeTensor(tensor, { asContent }));
        assert.ok(isNumberData(data));
        assert.deepEqual(littleEndianBytes(data), littleEndianBytes(tensor.data), `${tensor.dtype}, ${length}`);
      }
    }
  }
});

test("bytes for which an array has no room are refused, few as well as many", () => {
  for (const length of [16, 400]) {
    assert.throws(() => copyLittleEndian(new Uint8Array(length), new Float32Array(length / 4), 1), RangeError);
  }
});

test("a writer that was used before leaves nothing of that in the next message", () => {
  const long = encodeWith((writer) => writer.tag(1, 2).string("a".repeat(200)));
  const short = encodeWith((writer) => writer.tag(1, 2).string("b"));
  assert.deepEqual([long.length, [...short]], [203, [10, 1, 98]]);
});

test("integers take as many bytes as they need, around the end of 32 bits", () => {
  const lengths = [0n, 127n, 128n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, -1n].map((value) => {
    const bytes = encodeWith((writer) => writer.int64(value));
    assert.equal(new WireReader(bytes).int64(), value);
    return bytes.length;
  });
  assert.deepEqual(lengths, [1, 1, 2, 5, 5, 9, 10]);
});
