import { encodeUtf8 } from "@sealserve/core";
import { invalidArgument } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { onEachString } from "./each-string.ts";

/** A string in the alphabet for addresses, with or without padding that fills up a group of four. */
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-]{2}(?:==)?|[\w-]{3}=?)?$/;

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
    if (!BASE64URL.test(text)) {
      throw invalidArgument("Invalid character found in base64.");
    }
    return Uint8Array.from(Buffer.from(text, "base64url"));
  });
