import { encodeUtf8 } from "@sealserve/core";
import { invalidArgument } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { onEachString } from "./each-string.ts";

/** What is not of the alphabet for addresses. */
const FOREIGN = /[^\w-]/;
const GROUP = 4;

/**
 * Whether a string is in that alphabet, with or without padding that fills up a group of four. One pattern for all of it would need a
 * stack as long as the string.
 */
function isBase64Url(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = text.length - padding;
  const missing = (GROUP - (length % GROUP)) % GROUP;
  return missing < GROUP - 1 && (padding === 0 || padding === missing) && !FOREIGN.test(text.slice(0, length));
}

/** EncodeBase64: bytes as text in the alphabet for addresses, padded if asked for. */
export const encodeBase64: MakeKernel = (operation) => {
  const padded = operation.flag("pad", false);
  const encode = (string: Uint8Array): Uint8Array => {
    const text = Buffer.from(string).toString("base64url");
    return encodeUtf8(padded ? text.padEnd(Math.ceil(text.length / 4) * 4, "=") : text);
  };
  return onEachString(operation, encode, (length) => 4 * Math.ceil(length / 3));
};

/** DecodeBase64: the bytes of such a text. */
export const decodeBase64: MakeKernel = (operation) =>
  onEachString(operation, (string) => {
    const text = Buffer.from(string.buffer, string.byteOffset, string.length).toString("latin1");
    if (!isBase64Url(text)) {
      throw invalidArgument("Invalid character found in base64.");
    }
    return Uint8Array.from(Buffer.from(text, "base64url"));
  });
