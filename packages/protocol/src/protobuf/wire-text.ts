import { decodeUtf8 } from "@sealserve/core";
import { ProtocolError } from "../errors.ts";

const SHORT = 32;

/** Text of a `string` field. Short ASCII, which is nearly all of it, is read without the cost of a TextDecoder call. */
export function decodeWireText(bytes: Uint8Array): string {
  return (bytes.length <= SHORT ? shortAscii(bytes) : undefined) ?? strictText(bytes);
}

function shortAscii(bytes: Uint8Array): string | undefined {
  let text = "";
  for (const byte of bytes) {
    if (byte >= 0x80) {
      return undefined;
    }
    text += String.fromCharCode(byte);
  }
  return text;
}

function strictText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new ProtocolError("bad-utf8", "a string field is not well-formed UTF-8", { cause });
  }
}
