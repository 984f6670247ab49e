import { byte } from "./byte.ts";
import { syntaxError } from "./syntax-error.ts";

const HEX_DIGITS = 4;
const SIMPLE_LENGTH = 2;
const UNIT_LENGTH = SIMPLE_LENGTH + HEX_DIGITS;
/** In the tables below: a byte that stands for nothing. */
const NONE = 0xff;

/** What the byte behind a backslash stands for. */
const simpleEscapes = byteTable({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" });
const hexValues = new Uint8Array(256).map((_, value) => {
  const digit = Number.parseInt(String.fromCharCode(value), 16);
  return Number.isNaN(digit) ? NONE : digit;
});

/** Code point that the escape sequence at `offset` stands for. Surrogates come in pairs or not at all. */
export function escapedCodePoint(bytes: Uint8Array, offset: number): number {
  const next = bytes[offset + 1];
  const simple = next === undefined ? NONE : (simpleEscapes[next] as number);
  if (simple !== NONE) {
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
    length = writeUtf8(plain, length, codePoint);
    offset += escapeLength(bytes, offset, codePoint);
  }
  return plain.subarray(0, length);
}

/** Writes a character from `at` on. @returns where it ends */
function writeUtf8(target: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    target[at] = codePoint;
    return at + 1;
  }
  const continuations = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3;
  const lead = (0xff00 >> (continuations + 1)) & 0xff;
  target[at] = lead | (codePoint >> (6 * continuations));
  for (let index = 1; index <= continuations; index++) {
    target[at + index] = 0x80 | ((codePoint >> (6 * (continuations - index))) & 0x3f);
  }
  return at + 1 + continuations;
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
  let unit = 0;
  for (let offset = from; offset < from + HEX_DIGITS; offset++) {
    const digit = hexValues[bytes[offset] ?? NONE] as number;
    if (digit === NONE) {
      throw syntaxError("badHex", escapeOffset);
    }
    unit = unit * 16 + digit;
  }
  return unit;
}

function byteTable(meanings: Readonly<Record<string, string>>): Uint8Array {
  const table = new Uint8Array(256).fill(NONE);
  for (const [letter, meaning] of Object.entries(meanings)) {
    table[letter.charCodeAt(0)] = meaning.charCodeAt(0);
  }
  return table;
}
