import { encodeUtf8 } from "@sealserve/core";
import { textError } from "./text-error.ts";

const SIMPLE: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  "?": 0x3f,
  "\\": 0x5c,
  "'": 0x27,
  '"': 0x22,
};
const OCTAL = /[0-7]{1,3}/y;
const HEX = /[xX]([0-9A-Fa-f]{1,2})/y;
const UNICODE = /u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})/y;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;

/** A quoted string, and where the text behind it starts. */
interface Quoted {
  readonly bytes: Uint8Array;
  readonly end: number;
}

/**
 * The string literal that starts with the quote at `start` (text format language specification, "String Literals").
 * @throws ProtocolError `bad-text-format`
 */
export function readQuoted(text: string, start: number, line: number): Quoted {
  const quote = text.charCodeAt(start);
  const bytes: number[] = [];
  let offset = start + 1;
  while (text.charCodeAt(offset) !== quote) {
    const piece =
      text.charCodeAt(offset) === BACKSLASH ? readEscape(text, offset + 1, line) : readPlain(text, offset, quote);
    if (piece.end === offset) {
      throw textError(line, "a string does not end on its line");
    }
    for (const byte of piece.bytes) {
      bytes.push(byte);
    }
    offset = piece.end;
  }
  return { bytes: Uint8Array.from(bytes), end: offset + 1 };
}

/** What stands before the next quote, escape or end of line; maybe nothing. */
function readPlain(text: string, start: number, quote: number): Quoted {
  let end = start;
  while (end < text.length && !isSpecial(text.charCodeAt(end), quote)) {
    end++;
  }
  return { bytes: encodeUtf8(text.slice(start, end)), end };
}

function isSpecial(unit: number, quote: number): boolean {
  return unit === quote || unit === BACKSLASH || unit === LINE_FEED;
}

/** The escape whose character behind the backslash stands at `start`. */
function readEscape(text: string, start: number, line: number): Quoted {
  const simple = SIMPLE[text.charAt(start)];
  if (simple !== undefined) {
    return { bytes: Uint8Array.of(simple), end: start + 1 };
  }
  const octal = match(OCTAL, text, start);
  if (octal !== null) {
    return { bytes: Uint8Array.of(byteOf(octal[0], line)), end: start + octal[0].length };
  }
  const hex = match(HEX, text, start);
  if (hex !== null) {
    return { bytes: Uint8Array.of(Number.parseInt(hex[1] as string, 16)), end: start + hex[0].length };
  }
  const unicode = match(UNICODE, text, start);
  if (unicode !== null) {
    const point = Number.parseInt((unicode[1] ?? unicode[2]) as string, 16);
    return { bytes: encodeCodePoint(point, line), end: start + unicode[0].length };
  }
  throw textError(line, "a string has an unknown escape");
}

function match(pattern: RegExp, text: string, start: number): RegExpExecArray | null {
  pattern.lastIndex = start;
  return pattern.exec(text);
}

function byteOf(octal: string, line: number): number {
  const value = Number.parseInt(octal, 8);
  if (value > 0xff) {
    throw textError(line, "a string has an octal escape beyond one byte");
  }
  return value;
}

function encodeCodePoint(point: number, line: number): Uint8Array {
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    throw textError(line, "a string has an escape that is no Unicode character");
  }
  return encodeUtf8(String.fromCodePoint(point));
}
