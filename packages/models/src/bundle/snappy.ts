import { ByteReader } from "@sealserve/core";

import { ModelError } from "../errors.ts";
import { readVarint } from "./varint.ts";

/** A copy element of 3 bytes yields at most 64 bytes, the best ratio the format allows. */
const MAX_EXPANSION = 22;

/**
 * Decompresses one block in the raw Snappy format (google/snappy, format_description.txt).
 * @throws ModelError `bad-checkpoint` for anything that is not exactly one well-formed block
 */
export function decompressSnappy(compressed: Uint8Array): Uint8Array {
  const reader = new ByteReader(compressed);
  const length = readVarint(reader);
  if (length > compressed.length * MAX_EXPANSION) {
    throw malformed("declares more bytes than it can hold");
  }
  const output = new Uint8Array(length);
  let written = 0;
  while (reader.remaining > 0) {
    written = applyElement(reader, output, written);
  }
  if (written !== length) {
    throw malformed("ends before its declared length");
  }
  return output;
}

/** Reads one element, writes what it stands for at `written`, and returns the new end. */
function applyElement(reader: ByteReader, output: Uint8Array, written: number): number {
  const tag = reader.u8();
  switch (tag & 3) {
    case 0:
      return writeLiteral(reader.bytes(literalLength(tag >>> 2, reader)), output, written);
    case 1:
      return writeCopy(((tag >>> 5) << 8) | reader.u8(), ((tag >>> 2) & 7) + 4, output, written);
    case 2:
      return writeCopy(reader.u16(), (tag >>> 2) + 1, output, written);
    default:
      return writeCopy(reader.u32(), (tag >>> 2) + 1, output, written);
  }
}

/** Values up to 59 stand for themselves; 60 to 63 announce 1 to 4 bytes of length. */
function literalLength(code: number, reader: ByteReader): number {
  if (code < 60) {
    return code + 1;
  }
  let length = 0;
  reader.bytes(code - 59).forEach((byte, index) => {
    length += byte * 2 ** (8 * index);
  });
  return length + 1;
}

function writeLiteral(literal: Uint8Array, output: Uint8Array, written: number): number {
  if (written + literal.length > output.length) {
    throw malformed("holds more than its declared length");
  }
  output.set(literal, written);
  return written + literal.length;
}

function writeCopy(distance: number, length: number, output: Uint8Array, written: number): number {
  if (distance === 0 || distance > written || written + length > output.length) {
    throw malformed("has a copy that points outside of its output");
  }
  for (let index = written; index < written + length; index++) {
    output[index] = output[index - distance] as number;
  }
  return written + length;
}

function malformed(what: string): ModelError {
  return new ModelError("bad-checkpoint", `Snappy block ${what}`);
}
