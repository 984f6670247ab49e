import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../src/bytes/base64.ts";
import { concatBytes, equalBytes, isZero } from "../src/bytes/compare.ts";
import { decodeHex, encodeHex } from "../src/bytes/hex.ts";
import { ByteReader } from "../src/bytes/reader.ts";
import { decodeUtf8, encodeUtf8 } from "../src/bytes/text.ts";
import { assertRefused } from "./refusal.ts";

describe("hex", () => {
  it("round-trips any bytes, in either case", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = encodeHex(bytes);
        assert.equal(text, Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
        assert.ok(equalBytes(decodeHex(text), bytes));
        assert.ok(equalBytes(decodeHex(text.toUpperCase(), bytes.length), bytes));
      }),
    );
  });

  for (const text of ["0", "0g", "0x00", " 00", "00 ", "00\n", "é0", "--"]) {
    it(`refuses ${JSON.stringify(text)}`, () => assertRefused("bad-hex", () => decodeHex(text)));
  }

  it("refuses another length than the one asked for", () => {
    assertRefused("bad-hex", () => decodeHex("0011", 1));
    assertRefused("bad-hex", () => decodeHex("", 1));
  });
});

describe("base64", () => {
  it("round-trips any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = encodeBase64(bytes);
        assert.equal(text, btoa(String.fromCharCode(...bytes)));
        assert.ok(equalBytes(decodeBase64(text), bytes));
      }),
    );
  });

  it("round-trips more bytes than fit one call", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
    assert.ok(equalBytes(decodeBase64(encodeBase64(bytes)), bytes));
  });

  for (const text of ["A", "AA", "AAA", "A===", "====", "AA=A", "AA==AA==", "AA-_", "AAA=\n", " AAA", "AA A"]) {
    it(`refuses ${JSON.stringify(text)}`, () => assertRefused("bad-base64", () => decodeBase64(text)));
  }

  it("refuses bits behind the last byte", () => {
    assertRefused("bad-base64", () => decodeBase64("AB=="));
    assertRefused("bad-base64", () => decodeBase64("AAB="));
    assertRefused("bad-base64", () => decodeBase64("AAAAAAB="));
  });

  it("accepts no two texts for the same bytes", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9+/]{2,3}={1,2}$/), (text) => {
        try {
          assert.equal(encodeBase64(decodeBase64(text)), text);
        } catch (error) {
          assert.ok(error instanceof Error && error.name === "CoreError");
        }
      }),
    );
  });
});

describe("UTF-8", () => {
  it("round-trips and keeps a byte order mark", () => {
    assert.equal(decodeUtf8(encodeUtf8("\ufeffgrüße 🔒")), "\ufeffgrüße 🔒");
  });

  it("is the encoder's for texts of any length, and half a character is replaced", () => {
    const characters = fc.oneof(fc.constantFrom("a", "\0", "\x7f", "\x80", "ü", "🔒", "\ud800"), fc.string());
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 80 }), (parts) => {
        const text = parts.join("");
        assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text));
      }),
    );
  });

  for (const hex of ["ff", "c0af", "eda080", "f5808080", "e282"]) {
    it(`refuses ${hex}`, () => assertRefused("bad-utf8", () => decodeUtf8(decodeHex(hex))));
  }
});

describe("comparison", () => {
  it("tells equal from different bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        assert.equal(equalBytes(a, b), String(a) === String(b));
        assert.ok(equalBytes(a, Uint8Array.from(a)));
      }),
    );
    assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
  });

  it("joins bytes and knows zeros", () => {
    assert.deepEqual([...concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))], [1, 2, 3]);
    assert.equal(isZero(new Uint8Array(3)), true);
    assert.equal(isZero(Uint8Array.of(0, 1)), false);
  });
});

describe("ByteReader", () => {
  const bytes = decodeHex("01 0203 04050607 08090a0b0c0d0e0f ff".replaceAll(" ", ""));

  it("reads little-endian fields also from a view into a larger buffer", () => {
    const reader = new ByteReader(concatBytes(Uint8Array.of(0xee), bytes).subarray(1));
    assert.equal(reader.u8(), 0x01);
    assert.equal(reader.u16(), 0x0302);
    assert.equal(reader.u32(), 0x07060504);
    assert.equal(reader.u64(), 0x0f0e0d0c0b0a0908n);
    assert.equal(reader.offset, 15);
    assert.deepEqual([...reader.bytes(1)], [0xff]);
    reader.expectEnd("test");
  });

  it("refuses to read past the end or backwards", () => {
    const reader = new ByteReader(bytes);
    assertRefused("truncated", () => reader.bytes(17));
    reader.bytes(15);
    assertRefused("truncated", () => reader.u16());
    assertRefused("truncated", () => reader.bytes(-1));
    assertRefused("truncated", () => reader.bytes(Number.NaN));
    assert.equal(reader.offset, 15);
  });

  it("refuses bytes that nothing has read", () => {
    assertRefused("trailing-bytes", () => new ByteReader(bytes).expectEnd("test"));
  });
});
