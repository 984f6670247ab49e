import { CoreError } from "../errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const byteDecoder = new TextDecoder("latin1");
/** Characters. */
const SHORT_TEXT = 64;
const LAST_ASCII = 0x7f;

/** UTF-8 bytes of `text`. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return text.length <= SHORT_TEXT ? encodeShort(text) : encoder.encode(text);
}

/** The encoder takes longer to be called than to encode so little. */
function encodeShort(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > LAST_ASCII) {
      return encoder.encode(text);
    }
    bytes[index] = code;
  }
  return bytes;
}

/**
 * Text from UTF-8 bytes; ill-formed sequences are refused, not replaced.
 * @throws CoreError `bad-utf8`
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new CoreError("bad-utf8", "not well-formed UTF-8", { cause });
  }
}

/** A string that these bytes and no others give, to look them up by. It has one character for each byte. */
export function bytesKey(bytes: Uint8Array): string {
  return byteDecoder.decode(bytes);
}
