import { decodeUtf8 } from "@sealserve/core";
import { ProtocolError } from "../errors.ts";

const SHORT = 32;
/** Short texts that have been read, each at the place that its bytes give: a power of two. */
const REMEMBERED = 256;

const remembered: (string | undefined)[] = Array.from({ length: REMEMBERED }, () => undefined);

/**
 * Text of a `string` field. Short ASCII, which is nearly all of it, is read without the cost of a TextDecoder call, and names,
 * which come again with each request, without a new string or a view of their bytes.
 * @param start of the text, and the end behind it, in `bytes`
 */
export function decodeWireText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return (end - start <= SHORT ? shortAscii(bytes, start, end) : undefined) ?? strictText(bytes.subarray(start, end));
}

function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let hash = end - start;
  let all = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    hash = (Math.imul(hash, 31) + byte) | 0;
    all |= byte;
  }
  if (all >= 0x80) {
    return undefined;
  }
  const place = hash & (REMEMBERED - 1);
  const known = remembered[place];
  if (known !== undefined && isText(known, bytes, start, end)) {
    return known;
  }
  const text = String.fromCharCode(...bytes.subarray(start, end));
  remembered[place] = text;
  return text;
}

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) {
    return false;
  }
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) {
      return false;
    }
  }
  return true;
}

function strictText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new ProtocolError("bad-utf8", "a string field is not well-formed UTF-8", { cause });
  }
}
