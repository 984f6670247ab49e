import { CoreError } from "../errors.ts";

/** Lower-case hex digits of `bytes`. */
export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += byte.toString(16).padStart(2, "0");
  }
  return text;
}

/**
 * Bytes from hex digits of either case. Strict: no prefix, no spaces, no odd length.
 * @param length the exact number of bytes expected, where the caller knows it
 * @throws CoreError `bad-hex`
 */
export function decodeHex(text: string, length?: number): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new CoreError("bad-hex", "not a string of hex digits", { expected: "an even number of hex digits" });
  }
  if (length !== undefined && text.length !== 2 * length) {
    throw new CoreError("bad-hex", "hex string has the wrong length", {
      expected: `${2 * length} hex digits`,
      actual: `${text.length}`,
    });
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(2 * index, 2 * index + 2), 16);
  }
  return bytes;
}
