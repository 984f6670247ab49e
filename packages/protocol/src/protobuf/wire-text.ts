import { decodeUtf8 } from "@sealserve/core";
import { ProtocolError } from "../errors.ts";
import { shortAscii } from "./short-ascii.ts";

/**
 * Text of a `string` field, of which nearly all is short ASCII.
 * @param start of the text, and the end behind it, in `bytes`
 */
export function decodeWireText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return shortAscii(bytes, start, end) ?? strictText(bytes.subarray(start, end));
}

function strictText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new ProtocolError("bad-utf8", "a string field is not well-formed UTF-8", { cause });
  }
}
