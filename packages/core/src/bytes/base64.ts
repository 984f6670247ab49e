import { CoreError } from "../errors.ts";

const CHUNK = 0x8000;

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
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new CoreError("bad-base64", "not standard base64 with padding");
  }
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (encodeBase64(bytes.subarray(bytes.length - (bytes.length % 3 || 3))) !== text.slice(-4)) {
    throw new CoreError("bad-base64", "base64 has bits set behind its last byte");
  }
  return bytes;
}
