// Inputs that are made to be expensive: as large as a reader takes them, and larger.
import { encodeElement, encodeSequence } from "@sealserve/core";

/** An input with what it is, for messages. */
export interface Bomb<Input> {
  readonly what: string;
  readonly input: Input;
}

/** Larger than anything that is read. */
const HUGE = 10 * 1024 * 1024;

/** Those beyond any limit, which are the same for every reader. */
const HUGE_BOMBS: readonly Bomb<Uint8Array>[] = bombsOfSize(HUGE);

/** @param maxLength of what the reader takes */
export function byteBombs(maxLength: number): Bomb<Uint8Array>[] {
  return [
    ...bombsOfSize(maxLength),
    ...HUGE_BOMBS,
    { what: "sequences of sequences of NULLs", input: wideInside(maxLength) },
  ];
}

function bombsOfSize(size: number): Bomb<Uint8Array>[] {
  return [
    { what: `${size} zero bytes`, input: new Uint8Array(size) },
    { what: `${size} bytes 0xFF`, input: new Uint8Array(size).fill(0xff) },
    { what: `${size} bytes of open sequences`, input: repeated([0x30, 0x80], size) },
    { what: `${size} bytes of sequences of four GiB`, input: repeated([0x30, 0x84, 0xff, 0xff, 0xff, 0xff], size) },
    { what: `${size} bytes of nested lengths`, input: nestedLengths(size) },
    { what: `${size} bytes of NULLs`, input: wide(repeated([0x05, 0x00], size - 6)) },
  ];
}

/** @param maxLength of what the reader takes */
export function textBombs(maxLength: number): Bomb<string>[] {
  const list = (unit: string): string => `[${fill(`${unit},`, maxLength - 10)}0]`;
  return [
    { what: "open lists", input: "[".repeat(HUGE) },
    { what: "open lists, as long as is read", input: "[".repeat(maxLength) },
    { what: "open objects", input: fill('{"a":', maxLength) },
    { what: "empty lists", input: list("[]") },
    { what: "empty objects", input: list("{}") },
    { what: "small objects", input: list('{"a":{}}') },
    { what: "lists as deep as is read", input: list(`${"[".repeat(60)}${"]".repeat(60)}`) },
    { what: "empty strings", input: list('""') },
    { what: "digits", input: list("1") },
    { what: "negative numbers", input: list("-1.5e-3") },
    { what: "a long number", input: "1".repeat(maxLength) },
    { what: "a long fraction", input: `0.${"1".repeat(maxLength - 2)}` },
    { what: "a long string", input: `"${"a".repeat(maxLength - 2)}"` },
    { what: "a string of escapes", input: `"${fill("\\n", maxLength - 2)}"` },
    { what: "a string of long escapes", input: `"${fill("\\u0041", maxLength - 2)}"` },
    { what: "a string of surrogates", input: `"${fill("\ud83d\udd12", maxLength - 2)}"` },
    { what: "a string that is not closed", input: `"${"\\".repeat(maxLength - 1)}` },
    { what: "many names", input: `{${names(maxLength - 10)}"":0}` },
    { what: "spaces", input: " ".repeat(maxLength) },
    { what: "line feeds", input: `x${"\n".repeat(maxLength - 2)}x` },
    { what: "NUL characters", input: `x${"\0".repeat(maxLength - 2)}x` },
    { what: "short lines", input: `-----BEGIN A-----\n${fill("AAAA\n", maxLength - 40)}-----END A-----` },
    { what: "one line", input: `-----BEGIN A-----\n${fill("AAAA", maxLength - 40)}\n-----END A-----` },
    { what: "small blocks", input: fill("-----BEGIN A-----\nAAAA\n-----END A-----\n", maxLength) },
    { what: "blocks without end", input: fill("-----BEGIN A-----\n", maxLength) },
    { what: "hyphens", input: "-".repeat(maxLength) },
  ];
}

/** Whole copies of `unit`, no longer than `length` in all. */
export function fill(unit: string, length: number): string {
  return unit.repeat(Math.max(0, Math.floor(length / unit.length)));
}

function repeated(unit: readonly number[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(unit);
  for (let size = unit.length; size < length; size *= 2) {
    bytes.copyWithin(size, 0, size);
  }
  return bytes;
}

/** Sequences in each other, each with the length of what is left. */
function nestedLengths(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (let offset = 0; size - offset > 6 + 0xff_ffff; offset += 6) {
    view.setUint16(offset, 0x3084);
    view.setUint32(offset + 2, size - offset - 6);
  }
  for (let offset = 0; size - offset > 5 + 0xffff; offset += 5) {
    view.setUint16(offset, 0x3083);
    view.setUint8(offset + 2, (size - offset - 5) >> 16);
    view.setUint16(offset + 3, (size - offset - 5) & 0xffff);
  }
  return bytes;
}

function wide(content: Uint8Array): Uint8Array {
  return encodeElement(0x30, content.subarray(0, content.length - (content.length % 2)));
}

function wideInside(length: number): Uint8Array {
  const inner = encodeSequence(repeated([0x05, 0x00], 64));
  const content = repeated([...inner], length - 6);
  return encodeSequence(content.subarray(0, content.length - (content.length % inner.length)));
}

/** Members with names of their own. */
function names(length: number): string {
  const members: string[] = [];
  let size = 0;
  for (let index = 0; size < length - 16; index++) {
    const member = `"${index.toString(36)}":0,`;
    members.push(member);
    size += member.length;
  }
  return members.join("");
}
