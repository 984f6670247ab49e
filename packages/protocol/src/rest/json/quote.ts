import { decodeUtf8 } from "@sealserve/core";
import { byte } from "./byte.ts";
import { TextSink } from "./text-sink.ts";

const FIRST_PLAIN = 0x20;
const SHORT_TEXT = 64;
/** Everything but the characters that RFC 8259 allows as they are. */
const mustEscape = /[^ !#-[\]-\u{10ffff}]/gu;
const named = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** A text as a JSON string: escapes what must be escaped and nothing else, as RapidJSON's writer does. */
export function quoteText(text: string): string {
  return isShortAndPlain(text) ? `"${text}"` : `"${text.replace(mustEscape, escapeCharacter)}"`;
}

/** Whether it can be seen at little cost that nothing is to be escaped, as in nearly all names. */
function isShortAndPlain(text: string): boolean {
  if (text.length > SHORT_TEXT) {
    return false;
  }
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < FIRST_PLAIN || code === byte.quote || code === byte.backslash) {
      return false;
    }
  }
  return true;
}

/**
 * A byte string as a JSON string. Bytes that are not UTF-8 stay as they are: the result is not JSON by the standard then,
 * but it is what TensorFlow Serving answers.
 */
export function quoteBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return quoteText(decodeUtf8(bytes));
  } catch {
    return quoteRawBytes(bytes);
  }
}

function quoteRawBytes(bytes: Uint8Array): Uint8Array {
  const sink = new TextSink();
  sink.text('"');
  let plainFrom = 0;
  bytes.forEach((value, index) => {
    const character = String.fromCharCode(value);
    if (value < FIRST_PLAIN || named.has(character)) {
      sink.bytes(bytes.subarray(plainFrom, index));
      sink.text(escapeCharacter(character));
      plainFrom = index + 1;
    }
  });
  sink.bytes(bytes.subarray(plainFrom));
  sink.text('"');
  return sink.finish();
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return named.get(character) ?? `\\u${code}`;
}
