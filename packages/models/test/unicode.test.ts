import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";

import { charactersOf } from "../src/interpreter/strings/unicode.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { listAttr, makeKernel, runKernel } from "./fixtures/kernel.ts";
import { textAttr } from "./fixtures/operation-case.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

type Attributes = Readonly<Record<string, AttrValue>>;

const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const raw = (...strings: readonly (readonly number[])[]): Tensor => ({
  dtype: "string",
  shape: [strings.length],
  data: strings.map((string) => Uint8Array.from(string)),
});
const utf8 = { input_encoding: textAttr("UTF-8") };
const vector = (values: readonly number[]): Tensor => int64s([values.length], values);

test("characters that are none are those that Unicode's decoder replaces", () => {
  const samples = [
    [0x61, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80],
    [0xc0, 0xaf, 0xe0, 0x80, 0xbf, 0xf0, 0x81, 0x82, 0x41],
    [0xed, 0xa0, 0x80, 0xed, 0xbf, 0xbf, 0xed, 0xaf, 0x41],
    [0xf4, 0x91, 0x92, 0x93, 0xff, 0x41, 0x80, 0xbf, 0x42],
    [0xe1, 0x80, 0xe2, 0xf0, 0x91, 0x92, 0xf1, 0xbf, 0x41],
    [0xf4, 0x8f, 0xbf, 0xbf, 0xc3],
  ];
  for (const sample of samples) {
    const string = Uint8Array.from(sample);
    const codes = Array.from(charactersOf(string), ({ code }) => code ?? 0xfffd);
    assert.equal(String.fromCodePoint(...codes), new TextDecoder("utf-8", { ignoreBOM: true }).decode(string));
    const lengths = Array.from(charactersOf(string), ({ length }) => length);
    assert.equal(
      lengths.reduce((total, length) => total + length, 0),
      sample.length,
    );
  }
});

test("UnicodeDecode gives characters as numbers, and where each begins", () => {
  const input = texts(["aé€", "", "😀"]);
  const codes = int32s([4], [0x61, 0xe9, 0x20ac, 0x1f600]);
  assert.deepEqual(runKernel("UnicodeDecode", [input], utf8), [vector([0, 3, 3, 4]), codes]);
  const [, , offsets] = runKernel("UnicodeDecodeWithOffsets", [input], utf8);
  assert.deepEqual(offsets, vector([0, 1, 3, 0]));
});

test("what is no character is replaced, left out or refused", () => {
  const decode = (attributes: Attributes) =>
    runKernel("UnicodeDecode", [raw([0x41, 0xff, 0x01])], { ...utf8, ...attributes })[1];
  assert.deepEqual(decode({}), int32s([3], [0x41, 0xfffd, 1]));
  assert.deepEqual(decode({ replacement_char: { i: 63n } }), int32s([3], [0x41, 63, 1]));
  assert.deepEqual(decode({ errors: textAttr("ignore") }), int32s([2], [0x41, 1]));
  assert.deepEqual(decode({ replace_control_characters: { b: true } }), int32s([3], [0x41, 0xfffd, 0xfffd]));
  assert.throws(() => decode({ errors: textAttr("strict") }), invalid(/Invalid formatting/));
  assert.throws(() => decode({ input_encoding: textAttr("UTF-16-BE") }), modelError("unsupported-op", /UTF-16-BE/));
});

test("UnicodeEncode makes strings of rows of numbers", () => {
  const encode = (codes: readonly number[], attributes: Attributes = {}) =>
    runKernel("UnicodeEncode", [int32s([codes.length], codes), vector([0, 1, 1, codes.length])], attributes)[0];
  assert.deepEqual(encode([0x61, 0x20ac, 0x1f600]), texts(["a", "", "€😀"]));
  assert.deepEqual(encode([0x61, 0xd800, -1]), texts(["a", "", "��"]));
  assert.deepEqual(encode([0x61, 0x110000, 0x62], { errors: textAttr("ignore") }), texts(["a", "", "b"]));
  assert.throws(() => encode([0x61, 0xdfff], { errors: textAttr("strict") }), invalid(/out of range/));
});

test("UnicodeTranscode replaces what is no character", () => {
  const attributes = { ...utf8, output_encoding: textAttr("UTF-8"), replacement_char: { i: 0x2dn } };
  assert.deepEqual(runKernel("UnicodeTranscode", [raw([0x61, 0xc3, 0x62])], attributes)[0], texts(["a-b"]));
});

test("StringLower and StringUpper of texts change all letters", () => {
  const attributes = { encoding: textAttr("utf-8") };
  assert.deepEqual(runKernel("StringLower", [texts(["ÄÖ ΑΣ", "x"])], attributes)[0], texts(["äö ας", "x"]));
  assert.deepEqual(runKernel("StringUpper", [texts(["straße é"])], attributes)[0], texts(["STRASSE É"]));
});

test("StringLength counts bytes or characters", () => {
  const input = texts(["aé", "", "😀"]);
  assert.deepEqual(runKernel("StringLength", [input])[0], int32s([3], [3, 0, 4]));
  assert.deepEqual(runKernel("StringLength", [input], { unit: textAttr("UTF8_CHAR") })[0], int32s([3], [2, 0, 1]));
  assert.throws(() => runKernel("StringLength", [floats([1])]), modelError("unsupported-op"));
});

test("Substr takes a part of each string, by one place for all or one for each", () => {
  const input = texts(["hello", "wörld"]);
  const take = (from: Tensor, length: Tensor, attributes: Attributes = {}) =>
    runKernel("Substr", [input, from, length], attributes)[0];
  assert.deepEqual(take(int32s([], [1]), int32s([], [3])), texts(["ell", "ör"]));
  assert.deepEqual(take(int32s([], [-3]), int32s([], [9]), { unit: textAttr("UTF8_CHAR") }), texts(["llo", "rld"]));
  assert.deepEqual(take(int32s([2], [0, 5]), int32s([2], [1, 1])), texts(["h", "d"]));
  assert.deepEqual(take(int32s([2, 1], [0, 1]), int32s([2, 1], [1, 1])), {
    ...texts(["h", "w", "e", "\u{c3}"]),
    shape: [2, 2],
    data: [[0x68], [0x77], [0x65], [0xc3]].map((string) => Uint8Array.from(string)),
  });
  assert.throws(() => take(int32s([], [7]), int32s([], [1])), invalid(/out of range/));
  assert.throws(() => take(int32s([], [-6]), int32s([], [1])), invalid(/out of range/));
  assert.throws(() => take(int32s([], [0]), int32s([1], [1])), invalid(/same shape/));
});

test("Substr looks through a string once for all its parts, and asks for time for each string", () => {
  const kernel = makeKernel("Substr", ["string", "int32", "int32"], { unit: textAttr("UTF8_CHAR") });
  let asked = 0;
  const clock = { expectTime: () => void asked++ };
  const places = int32s([4, 1], [0, 1, 2, 3]);
  const one = int32s([4, 1], [1, 1, 1, 1]);
  assert.deepEqual(kernel.run([texts(["wört"]), places, one], clock)[0], {
    ...texts(["w", "ö", "r", "t"]),
    shape: [4, 1],
  });
  assert.equal(asked, 1);
  kernel.run([texts(["wört", "wert"]), places, one], clock);
  assert.equal(asked, 1 + 8);
});

test("StringNGrams joins what follows each other, with pads at the ends", () => {
  const words = texts(["a", "b", "c", "d"]);
  const grams = (widths: readonly number[], attributes: Attributes = {}) =>
    runKernel("StringNGrams", [words, vector([0, 3, 4])], {
      separator: textAttr("|"),
      ngram_widths: listAttr({ i: BigInt64Array.from(widths, BigInt) }),
      left_pad: textAttr("<"),
      right_pad: textAttr(">"),
      ...attributes,
    });
  assert.deepEqual(grams([2]), [texts(["a|b", "b|c"]), vector([0, 2, 2])]);
  assert.deepEqual(grams([1, 3]), [texts(["a", "b", "c", "a|b|c", "d"]), vector([0, 4, 5])]);
  const padded = { pad_width: { i: -1n } };
  assert.deepEqual(grams([2], padded), [texts(["<|a", "a|b", "b|c", "c|>", "<|d", "d|>"]), vector([0, 4, 6])]);
  assert.deepEqual(grams([3], { pad_width: { i: 1n } })[0], texts(["<|a|b", "a|b|c", "b|c|>", "<|d|>"]));
  const short = { preserve_short_sequences: { b: true } };
  assert.deepEqual(grams([3], short), [texts(["a|b|c", "d"]), vector([0, 1, 2])]);
  assert.throws(() => grams([0]), modelError("unsupported-op", /widths/));
});
