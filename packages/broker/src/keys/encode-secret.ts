import type { SecretFormat } from "../config/secret-format.ts";
import { BrokerError } from "../errors.ts";

const KEY_SIZE = 16;
/** Gramine copies the secret into an environment variable of this size, NUL included. */
const MAX_STRING_SIZE = 4096;
const [NUL, LINE_FEED, CARRIAGE_RETURN] = [0, 10, 13] as const;
const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/**
 * The bytes of a secret as they are sent. The content stays the caller's.
 * @param what names the secret, for messages
 * @throws BrokerError `secret-invalid` for content that no enclave could take in this format
 */
export function encodeSecret(content: Uint8Array, format: SecretFormat, what: string): Uint8Array {
  if (content.length === 0) {
    throw invalid(what, "is empty", "at least one byte", "0 bytes");
  }
  if (format === "string") {
    return encodeText(content, what);
  }
  return format === "raw" ? Uint8Array.from(content) : encodeHexDigits(content, what);
}

/** 32 lower-case hex digits and a NUL, without a string in between: nobody can overwrite strings. */
function encodeHexDigits(key: Uint8Array, what: string): Uint8Array {
  if (key.length !== KEY_SIZE) {
    throw invalid(what, "is no key, which format hex-nul is for", `${KEY_SIZE} raw bytes`, `${key.length} bytes`);
  }
  const text = new Uint8Array(2 * KEY_SIZE + 1);
  key.forEach((byte, index) => {
    text[2 * index] = HEX_DIGITS[byte >> 4] ?? 0;
    text[2 * index + 1] = HEX_DIGITS[byte & 15] ?? 0;
  });
  return text;
}

/** The text without the line break or NUL that may end the file, then a NUL. */
function encodeText(content: Uint8Array, what: string): Uint8Array {
  const length = textLength(content);
  const text = new Uint8Array(length + 1);
  text.set(content.subarray(0, length));
  if (length === 0 || text.length > MAX_STRING_SIZE) {
    throw invalid(what, "has no fit size for format string", `1 to ${MAX_STRING_SIZE - 1} bytes`, `${length} bytes`);
  }
  if (text.indexOf(NUL) !== length) {
    throw invalid(what, "has a NUL inside, where format string ends", "text without NUL", "one with");
  }
  return text;
}

function textLength(content: Uint8Array): number {
  const last = content.length - 1;
  if (content[last] === NUL) {
    return last;
  }
  if (content[last] !== LINE_FEED) {
    return content.length;
  }
  return content[last - 1] === CARRIAGE_RETURN ? last - 1 : last;
}

function invalid(what: string, fault: string, expected: string, actual: string): BrokerError {
  return new BrokerError("secret-invalid", `${what} ${fault}`, {
    expected,
    actual,
    remedy: "name another file or format in the configuration",
  });
}
