import { CoreError } from "../errors.ts";

const CHUNK = 0x8000;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const NO_DIGIT = 0xff;

/** Value of each digit by its character code. */
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (let value = 0; value < ALPHABET.length; value++) {
  DIGITS[ALPHABET.charCodeAt(value)] = value;
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(binary);
}

/**
 * Bytes from standard base64. Strict: padding required, no spaces, no stray bits (RFC 4648 section 3.5).
 * @throws CoreError `bad-base64`
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 !== 0) {
    throw new CoreError("bad-base64", "not standard base64 with padding");
  }
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const whole = text.length - (padding > 0 ? 4 : 0);
  let offset = 0;
  for (let index = 0; index < whole; index += 4) {
    const group = digitsAt(text, index, 4);
    bytes[offset++] = group >> 16;
    bytes[offset++] = group >> 8;
    bytes[offset++] = group;
  }
  if (padding > 0) {
    decodeLastGroup(text, whole, bytes.subarray(offset));
  }
  return bytes;
}

/** The group that padding completes; the bits behind its last byte must be zero. */
function decodeLastGroup(text: string, index: number, target: Uint8Array): void {
  const group = digitsAt(text, index, target.length + 1) << (6 * (3 - target.length));
  target[0] = group >> 16;
  target[1] = group >> 8;
  const used = target.length === 2 ? 0xffff00 : 0xff0000;
  if ((group & ~used) !== 0) {
    throw new CoreError("bad-base64", "base64 has bits set behind its last byte");
  }
}

/** The number that some digits make, six bits each. */
function digitsAt(text: string, index: number, count: number): number {
  let group = 0;
  for (let position = index; position < index + count; position++) {
    const digit = DIGITS[text.charCodeAt(position)] ?? NO_DIGIT;
    if (digit === NO_DIGIT) {
      throw new CoreError("bad-base64", "not standard base64 with padding");
    }
    group = (group << 6) | digit;
  }
  return group;
}
