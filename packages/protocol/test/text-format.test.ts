import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeUtf8 } from "@sealserve/core";
import fc from "fast-check";
import { parseTextFormat, TEXT_FORMAT_MAX_LENGTH, type TextField, type TextValue } from "../src/text-format/parse.ts";

/** Fields as plain values: words as they stand, strings as bytes, messages as lists of pairs. */
function plain(fields: readonly TextField[]): unknown[] {
  return fields.map(({ name, value }) => [name, plainValue(value)]);
}

function plainValue(value: TextValue): unknown {
  if (value.kind === "message") {
    return plain(value.fields);
  }
  return value.kind === "word" ? value.text : value.bytes;
}

function reads(text: string, expected: unknown[]): void {
  assert.deepEqual(plain(parseTextFormat(text)), expected);
}

const stringOf = (text: string): unknown => (plain(parseTextFormat(`s: ${text}`))[0] as unknown[])[1];

function refuses(text: string, code = "bad-text-format", message = /^line \d+: /): void {
  assert.throws(() => parseTextFormat(text), { name: "ProtocolError", code, message });
}

describe("text format", () => {
  it("reads fields of every kind with any separator and comments", () => {
    reads("", []);
    reads(" # nothing but a comment", []);
    reads("a: 1 b: -2.5e-3, c: true; d: NAME\n# comment: 'x\ne: - 7 f: 0x1F g: inf h: -nan", [
      ["a", "1"],
      ["b", "-2.5e-3"],
      ["c", "true"],
      ["d", "NAME"],
      ["e", "- 7"],
      ["f", "0x1F"],
      ["g", "inf"],
      ["h", "-nan"],
    ]);
  });

  it("reads messages in braces and angles, with and without colon, nested and empty", () => {
    reads("m { a: 1 } n: { } o < p <q: 'x'> >", [
      ["m", [["a", "1"]]],
      ["n", []],
      ["o", [["p", [["q", encodeUtf8("x")]]]]],
    ]);
  });

  it("reads a list as a field for each element", () => {
    reads("a: [1, 2] b: [] c [ { d: 1 }, < e: 2 > ] f: ['x' 'y', \"z\"] g: 3", [
      ["a", "1"],
      ["a", "2"],
      ["c", [["d", "1"]]],
      ["c", [["e", "2"]]],
      ["f", encodeUtf8("xy")],
      ["f", encodeUtf8("z")],
      ["g", "3"],
    ]);
  });

  it("reads strings with either quote, escapes, and neighbours as one", () => {
    assert.deepEqual(stringOf(`"it's"`), encodeUtf8("it's"));
    assert.deepEqual(stringOf(`'"' "b"\n  # between\n 'c'`), encodeUtf8('"bc'));
    assert.deepEqual(stringOf(String.raw`"\a\b\f\n\r\t\v\?\\\'\""`), encodeUtf8("\x07\b\f\n\r\t\v?\\'\""));
    assert.deepEqual(
      stringOf(String.raw`"\0\12\1234\xfG\XFF\x4142"`),
      Uint8Array.of(0, 10, 83, 52, 15, 71, 255, 65, 52, 50),
    );
    assert.deepEqual(stringOf(String.raw`"\u00e4\U0001F600ß"`), encodeUtf8("ä😀ß"));
    assert.deepEqual(stringOf("''"), new Uint8Array(0));
  });

  it("reads back any bytes that were written as escapes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
        assert.deepEqual(stringOf(`"${text}"`), Uint8Array.from(bytes));
      }),
    );
  });

  it("knows the line of each field", () => {
    assert.deepEqual(
      parseTextFormat("a: 1\n\n# x\nb: 'y'\n'z' c: [1,\n2]").map(({ line }) => line),
      [1, 4, 5, 6],
    );
  });

  for (const [what, text] of [
    ["a field without a value", "a:"],
    ["a scalar without a colon", "a 1"],
    ["a string without a colon", "a 'x'"],
    ["a number as name", "1: 2"],
    ["a string as name", "'a': 2"],
    ["an extension", "[a.b]: 1"],
    ["an unclosed message", "a { b: 1"],
    ["a message closed by the other sign", "a { b: 1 >"],
    ["a close too many", "a: 1 }"],
    ["an unclosed list", "a: [1, 2"],
    ["a list with a comma at its end", "a: [1, ]"],
    ["a list without a comma", "a: [1 2]"],
    ["a list of lists", "a: [[1]]"],
    ["a field inside a list", "a: [b: 1]"],
    ["two separators", "a: 1,, b: 2"],
    ["two colons", "a:: 1"],
    ["an unknown character", "a: $"],
    ["a sign alone", "a: -"],
    ["a NUL", "a: 1\0"],
    ["an unclosed string", "a: 'x"],
    ["a string over two lines", "a: 'x\ny'"],
    ["a string that ends with a backslash", "a: 'x\\"],
    ["an escaped line end", "a: 'x\\\ny'"],
    ["an unknown escape", "a: '\\q'"],
    ["an octal escape beyond a byte", "a: '\\400'"],
    ["a hex escape without digits", "a: '\\x'"],
    ["a short Unicode escape", "a: '\\u12'"],
    ["a surrogate", "a: '\\ud800'"],
    ["a code point beyond Unicode", "a: '\\U00110000'"],
  ] as const) {
    it(`refuses ${what}`, () => refuses(text));
  }

  it("never quotes what it refuses", () => {
    assert.throws(
      () => parseTextFormat("server_key: 'SECRET\\q'"),
      (error: Error) => !error.message.includes("SECRET"),
    );
  });

  it("bounds depth and length", () => {
    refuses("a{".repeat(32), "too-deep", /nested/);
    refuses("a:[{".repeat(20), "too-deep", /nested/);
    refuses(`a:[${"1,".repeat(1 << 14)}1]`, "too-many-elements", /more than 32768/);
    refuses(`a:${"''".repeat(1 << 15)}`, "too-many-elements", /more than 32768/);
    refuses("#".repeat(TEXT_FORMAT_MAX_LENGTH + 1), "too-large", /too long/);
    parseTextFormat("#\n".repeat(TEXT_FORMAT_MAX_LENGTH / 2));
    parseTextFormat(`a: '${"\\n".repeat(TEXT_FORMAT_MAX_LENGTH / 2 - 10)}'`);
    parseTextFormat(`a: ${"'' ".repeat((1 << 15) - 10)}`);
    parseTextFormat("a:1 ".repeat((1 << 15) / 3 - 10));
  });
});
