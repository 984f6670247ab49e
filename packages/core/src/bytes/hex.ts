import { CoreError } from "../errors.ts";

const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const NO_DIGIT = 0xff;

/** Lower-case hex digits of `bytes`. */
export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += DIGITS[byte];
  }
  return text;
}

/**
 * Bytes from hex digits of either case. Strict: no prefix, no spaces, no odd length.
 * @param length the exact number of bytes expected, where the caller knows it
 * @throws CoreError `bad-hex`
 */
export function decodeHex(text: string, length?: number): Uint8Array<ArrayBuffer> {
  if (length !== undefined && text.length !== 2 * length && text.length % 2 === 0) {
    throw new CoreError("bad-hex", "hex string has the wrong length", {
      expected: `${2 * length} hex digits`,
      actual: `${text.length}`,
    });
  }
  const bytes = new Uint8Array(text.length >> 1);
  let valid = text.length % 2 === 0;
  for (let index = 0; valid && index < bytes.length; index++) {
    const high = digitOf(text.charCodeAt(2 * index));
    const low = digitOf(text.charCodeAt(2 * index + 1));
    valid = high !== NO_DIGIT && low !== NO_DIGIT;
    bytes[index] = (high << 4) | low;
  }
  if (!valid) {
    throw new CoreError("bad-hex", "not a string of hex digits", { expected: "an even number of hex digits" });
  }
  return bytes;
}

/** Value of a digit by its character code; {@link NO_DIGIT} for anything else. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) {
    return code - 0x30;
  }
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NO_DIGIT;
}
