import { encodeUtf8 } from "@sealserve/core";
import { byte } from "./byte.ts";
import { syntaxError } from "./syntax-error.ts";

const HEX_DIGITS = 4;
const SIMPLE_LENGTH = 2;
const UNIT_LENGTH = SIMPLE_LENGTH + HEX_DIGITS;

const simpleEscapes = new Map<number, number>(
  Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)],
  ),
);

/** Code point that the escape sequence at `offset` stands for. Surrogates come in pairs or not at all. */
export function escapedCodePoint(bytes: Uint8Array, offset: number): number {
  const next = bytes[offset + 1];
  const simple = next === undefined ? undefined : simpleEscapes.get(next);
  if (simple !== undefined) {
    return simple;
  }
  if (next !== byte.lowerU) {
    throw syntaxError("badEscape", offset);
  }
  const unit = hexUnit(bytes, offset + SIMPLE_LENGTH, offset);
  return unit < 0xd800 || unit > 0xdfff ? unit : pairedCodePoint(bytes, offset, unit);
}

/** Bytes that the escape sequence at `offset` takes up, when it stands for `codePoint`. */
export function escapeLength(bytes: Uint8Array, offset: number, codePoint: number): number {
  if (bytes[offset + 1] !== byte.lowerU) {
    return SIMPLE_LENGTH;
  }
  return codePoint > 0xffff ? 2 * UNIT_LENGTH : UNIT_LENGTH;
}

/** The bytes of a string whose text, with escapes, stands from `start` to `end`. */
export function unescapeString(bytes: Uint8Array, start: number, end: number): Uint8Array {
  // An escape sequence is always longer than what it stands for.
  const plain = new Uint8Array(end - start);
  let length = 0;
  let offset = start;
  while (offset < end) {
    if (bytes[offset] !== byte.backslash) {
      plain[length++] = bytes[offset++] as number;
      continue;
    }
    const codePoint = escapedCodePoint(bytes, offset);
    const encoded = encodeUtf8(String.fromCodePoint(codePoint));
    plain.set(encoded, length);
    length += encoded.length;
    offset += escapeLength(bytes, offset, codePoint);
  }
  return plain.subarray(0, length);
}

function pairedCodePoint(bytes: Uint8Array, offset: number, high: number): number {
  const second = offset + UNIT_LENGTH;
  if (high > 0xdbff || bytes[second] !== byte.backslash || bytes[second + 1] !== byte.lowerU) {
    throw syntaxError("badSurrogates", offset);
  }
  const low = hexUnit(bytes, second + SIMPLE_LENGTH, offset);
  if (low < 0xdc00 || low > 0xdfff) {
    throw syntaxError("badSurrogates", offset);
  }
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

function hexUnit(bytes: Uint8Array, from: number, escapeOffset: number): number {
  const digits = String.fromCharCode(...bytes.subarray(from, from + HEX_DIGITS));
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
    throw syntaxError("badHex", escapeOffset);
  }
  return Number.parseInt(digits, 16);
}
