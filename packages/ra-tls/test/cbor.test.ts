import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeHex, encodeHex } from "@sealserve/core";
import fc from "fast-check";
import {
  encodeCborArray,
  encodeCborBytes,
  encodeCborMap,
  encodeCborTag,
  encodeCborText,
  encodeCborUnsigned,
} from "../src/cbor/encode.ts";
import { CborReader } from "../src/cbor/reader.ts";
import { RaTlsError } from "../src/errors.ts";

function reader(hex: string): CborReader {
  return new CborReader(decodeHex(hex), "test input");
}

function refuses(read: () => unknown, message: RegExp): void {
  assert.throws(
    read,
    (error) => error instanceof RaTlsError && error.code === "bad-cbor" && message.test(error.message),
  );
}

describe("CBOR", () => {
  it("reads the examples of RFC 8949 appendix A", () => {
    assert.equal(reader("00").unsigned(), 0n);
    assert.equal(reader("17").unsigned(), 23n);
    assert.equal(reader("1818").unsigned(), 24n);
    assert.equal(reader("1903e8").unsigned(), 1000n);
    assert.equal(reader("1bffffffffffffffff").unsigned(), 0xffff_ffff_ffff_ffffn);
    assert.deepEqual(reader("4401020304").bytes(), Uint8Array.of(1, 2, 3, 4));
    assert.equal(reader("62c3bc").text(), "ü");
    assert.equal(reader("83010203").array(), 3);
    assert.equal(reader("a201020304").map(), 2);
    assert.equal(reader("d9ea6000").tag(), 60000);
  });

  it("accepts an unsigned integer in any width", () => {
    for (const hex of ["01", "1801", "190001", "1a00000001", "1b0000000000000001"]) {
      assert.equal(reader(hex).unsigned(), 1n);
    }
  });

  it("refuses a length that is not in its shortest form", () => {
    refuses(() => reader("5801ff").bytes(), /shortest/);
    refuses(() => reader("590020").bytes(), /shortest/);
    refuses(() => reader("9800").array(), /shortest/);
    refuses(() => reader("da0000ea60").tag(), /shortest/);
  });

  it("refuses indefinite and reserved lengths", () => {
    for (const hex of ["5f4101ff", "9fff", "bfff", "5c", "5d", "5e"]) {
      refuses(() => reader(hex).bytes(), /length|not a byte string/);
    }
    refuses(() => reader("9fff").array(), /indefinite/);
    refuses(() => reader("bfff").map(), /indefinite/);
  });

  it("refuses another kind of item", () => {
    refuses(() => reader("20").unsigned(), /not an unsigned integer/);
    refuses(() => reader("6161").bytes(), /not a byte string/);
    refuses(() => reader("4161").text(), /not a text string/);
    refuses(() => reader("a0").array(), /not an array/);
    refuses(() => reader("80").map(), /not a map/);
    refuses(() => reader("82").tag(), /not a tag/);
  });

  it("refuses input that ends early, lengths beyond it, bad UTF-8 and trailing bytes", () => {
    refuses(() => reader("").unsigned(), /ends too early/);
    refuses(() => reader("19").unsigned(), /ends too early/);
    refuses(() => reader("4401").bytes(), /ends too early/);
    refuses(() => reader("5bffffffffffffffff").bytes(), /too large/);
    refuses(() => reader("61ff").text(), /UTF-8/);
    const trailing = reader("0000");
    trailing.unsigned();
    refuses(() => trailing.expectEnd(), /behind its end/);
  });

  it("writes the shortest form", () => {
    assert.equal(encodeHex(encodeCborUnsigned(23)), "17");
    assert.equal(encodeHex(encodeCborUnsigned(24)), "1818");
    assert.equal(encodeHex(encodeCborUnsigned(256)), "190100");
    assert.equal(encodeHex(encodeCborTag(60000, encodeCborArray(encodeCborBytes(Uint8Array.of(1))))), "d9ea60814101");
    assert.equal(encodeHex(encodeCborMap([encodeCborText("a"), encodeCborUnsigned(1)])), "a1616101");
    assert.equal(encodeHex(encodeCborUnsigned(65536)), "1a00010000");
    assert.equal(encodeHex(encodeCborUnsigned(0xffff_ffff)), "1affffffff");
    assert.equal(encodeHex(encodeCborUnsigned(1_000_000_000_000)), "1b000000e8d4a51000");
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) {
      assert.throws(() => encodeCborUnsigned(value), RangeError);
    }
  });

  it("reads back what it wrote, and throws nothing but its own error at random input", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        assert.deepEqual(new CborReader(encodeCborBytes(bytes), "random").bytes(), bytes);
        for (const read of ["unsigned", "bytes", "text", "array", "map", "tag"] as const) {
          try {
            new CborReader(bytes, "random")[read]();
          } catch (error) {
            assert.ok(error instanceof RaTlsError);
          }
        }
      }),
    );
  });
});
