import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { WireReader } from "../src/protobuf/wire-reader.ts";
import { wireTypes } from "../src/protobuf/wire-type.ts";
import { WireWriter } from "../src/protobuf/wire-writer.ts";
import { bytesOf, repeat } from "./fixtures.ts";

function reader(...bytes: number[]): WireReader {
  return new WireReader(Uint8Array.from(bytes));
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe("wire reader and writer", () => {
  it("write the bytes that the protobuf documentation gives", () => {
    assert.deepEqual([...new WireWriter().uint32(150).finish()], [0x96, 0x01]);
    assert.deepEqual(
      [...new WireWriter().tag(2, wireTypes.lengthDelimited).string("testing").finish()],
      [0x12, 0x07, ...bytesOf("testing")],
    );
    assert.deepEqual(
      [...new WireWriter().int32(-2).finish()],
      [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
    );
    assert.deepEqual([...new WireWriter().sint32(-2).finish()], [3]);
  });

  it("bring every number back", () => {
    fc.assert(
      fc.property(int32, uint32, int64, uint64, (i32, u32, i64, u64) => {
        const bytes = new WireWriter()
          .int32(i32)
          .sint32(i32)
          .sfixed32(i32)
          .uint32(u32)
          .fixed32(u32)
          .int64(i64)
          .sint64(i64)
          .sfixed64(i64)
          .uint64(u64)
          .fixed64(u64)
          .finish();
        const read = new WireReader(bytes);
        assert.deepEqual([read.int32(), read.sint32(), read.sfixed32()], [i32, i32, i32]);
        assert.deepEqual([read.uint32(), read.fixed32()], [u32, u32]);
        assert.deepEqual([read.int64(), read.sint64(), read.sfixed64()], [i64, i64, i64]);
        assert.deepEqual([read.uint64(), read.fixed64()], [u64, u64]);
        assert.equal(read.remaining, 0);
      }),
    );
  });

  it("bring floats and doubles back, NaN and infinities included", () => {
    for (const value of [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE, 5e-324]) {
      const read = new WireReader(new WireWriter().float(Math.fround(value)).double(value).finish());
      assert.deepEqual([read.float(), read.double()], [Math.fround(value), value]);
    }
  });

  it("keep long byte strings in order among short fields", () => {
    const long = new Uint8Array(20_000).fill(7);
    const bytes = new WireWriter().uint32(1).bytes(long).uint32(2).bytes(long).uint32(3).finish();
    const read = new WireReader(bytes);
    assert.equal(read.uint32(), 1);
    assert.deepEqual(read.bytes(), long);
    assert.equal(read.uint32(), 2);
    assert.deepEqual(read.bytes(), long);
    assert.equal(read.uint32(), 3);
    assert.equal(read.remaining, 0);
  });

  it("truncate varints to the type that is read, as every protobuf runtime does", () => {
    const bytes = new WireWriter().uint64(2n ** 63n + 5n).finish();
    assert.equal(new WireReader(bytes).uint32(), 5);
    assert.equal(new WireReader(bytes).bool(), true);
  });
});

describe("wire reader refuses", () => {
  it("a varint of more than ten bytes", () => {
    assert.throws(() => reader(...repeat(11, 0x80)).uint64(), { code: "bad-varint" });
  });

  it("every kind of value that the input ends in", () => {
    assert.throws(() => reader(0x80).uint32(), { code: "truncated" });
    assert.throws(() => reader(1, 2, 3).fixed32(), { code: "truncated" });
    assert.throws(() => reader(1, 2, 3, 4, 5, 6, 7).double(), { code: "truncated" });
    assert.throws(() => reader(5, 1, 2).bytes(), { code: "truncated" });
    assert.throws(() => reader(5, 1, 2).enter(), { code: "truncated" });
  });

  it("a length of more than 32 bits", () => {
    const bytes = new WireWriter().uint64(2n ** 40n).finish();
    assert.throws(() => new WireReader(bytes).bytes(), { code: "truncated" });
  });

  it("field number 0 and field numbers of more than 29 bits", () => {
    assert.throws(() => reader(0x00).next(), { code: "bad-field-number" });
    assert.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x10).next(), { code: "bad-field-number" });
  });

  it("text that is not UTF-8, long or short", () => {
    assert.throws(() => reader(2, 0xc3, 0x28).string(), { code: "bad-utf8" });
    assert.throws(() => reader(40, ...repeat(39, 0x61), 0xff).string(), { code: "bad-utf8" });
  });

  it("a value that reaches behind the end of the message it is in", () => {
    const read = reader(2, 0x0a, 5, 1, 1, 1, 1, 1);
    read.enter();
    assert.ok(read.next());
    assert.throws(() => read.bytes(), { code: "truncated" });
  });

  it("messages that are nested too deeply", () => {
    const read = new WireReader(Uint8Array.of(4, 3, 2, 1, 0), { maxDepth: 2 });
    read.enter();
    read.enter();
    assert.throws(() => read.enter(), { code: "too-deep" });
  });

  it("a message above the size limit", () => {
    assert.throws(() => new WireReader(new Uint8Array(11), { maxBytes: 10 }), { code: "too-large" });
  });
});

describe("skipping unknown fields", () => {
  function skipOne(...bytes: number[]): number {
    const read = reader(...bytes);
    assert.ok(read.next());
    read.skip();
    return read.remaining;
  }

  it("works for every wire type", () => {
    assert.equal(skipOne(0x08, 0x96, 0x01, 9), 1);
    assert.equal(skipOne(0x09, 0, 0, 0, 0, 0, 0, 0, 0, 9), 1);
    assert.equal(skipOne(0x0a, 2, 1, 1, 9), 1);
    assert.equal(skipOne(0x0d, 0, 0, 0, 0, 9), 1);
  });

  it("passes over groups in groups", () => {
    assert.equal(skipOne(0x0b, 0x13, 0x08, 1, 0x14, 0x0c, 9), 1);
  });

  it("refuses groups that do not match, do not end, or are nested too deeply", () => {
    assert.throws(() => skipOne(0x0b, 0x14), { code: "bad-wire-type" });
    assert.throws(() => skipOne(0x0c), { code: "bad-wire-type" });
    assert.throws(() => skipOne(0x0b, 0x08, 1), { code: "truncated" });
    assert.throws(() => skipOne(...repeat(101, 0x0b)), { code: "too-deep" });
  });

  it("refuses the wire types that do not exist", () => {
    assert.throws(() => skipOne(0x0e), { code: "bad-wire-type" });
    assert.throws(() => skipOne(0x0f), { code: "bad-wire-type" });
  });
});

it("writers of embedded messages are used again, and what was written before stays as it was", () => {
  const embed = (size: number, fill: number): WireWriter =>
    new WireWriter().delimited((inner) => {
      for (let index = 0; index < size; index++) {
        inner.raw(Uint8Array.of(fill));
      }
    });
  for (const size of [0, 1, 255, 256, 511, 512, 513, 5000]) {
    const first = embed(size, 1);
    const second = embed(size, 2);
    assert.deepEqual(new Set(first.finish().subarray(size < 128 ? 1 : 2)), new Set(size === 0 ? [] : [1]));
    assert.deepEqual(new Set(second.finish().subarray(size < 128 ? 1 : 2)), new Set(size === 0 ? [] : [2]));
  }
});

it("short texts of any characters are written as UTF-8", () => {
  for (const text of [
    "",
    "plain",
    "é",
    "plain é",
    "x".repeat(63),
    "x".repeat(64),
    "x".repeat(65),
    "\u0000\u007f\u0080",
  ]) {
    const bytes = new TextEncoder().encode(text);
    assert.deepEqual(new WireWriter().uint32(7).string(text).finish(), Uint8Array.of(7, bytes.length, ...bytes));
  }
});
