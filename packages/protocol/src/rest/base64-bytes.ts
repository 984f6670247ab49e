import { invalidArgument, type ServingError } from "../status/serving-error.ts";
import { type JsonNode, JsonRecord } from "./json/node.ts";

const INVALID = 0xff;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const spaces = " \t\n\v\f\r";
/** Abseil, which decodes for TensorFlow Serving, takes a dot for padding too. */
const paddings = "=.";

const sextets = new Uint8Array(256).fill(INVALID);
for (let value = 0; value < alphabet.length; value++) {
  sextets[alphabet.charCodeAt(value)] = value;
}

/**
 * Bytes from base64 (RFC 4648 section 4) as TensorFlow Serving takes it in JSON: padding can be left out or be dots, white
 * space is passed over, and bits of the last character beyond the last byte count for nothing. Works on the bytes of a
 * JSON document, without making a string of them.
 * @throws ServingError INVALID_ARGUMENT when the text is not base64
 */
export function decodeBase64Bytes(text: Uint8Array): Uint8Array<ArrayBuffer> {
  const decoded = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let bits = 0;
  let count = 0;
  let length = 0;
  let offset = 0;
  for (; offset < text.length; offset++) {
    const sextet = sextets[text[offset] as number] as number;
    if (sextet === INVALID) {
      if (isOneOf(paddings, text[offset])) {
        break;
      }
      if (isOneOf(spaces, text[offset])) {
        continue;
      }
      throw notBase64();
    }
    bits = ((bits << 6) | sextet) & 0xffffff;
    count++;
    if (count % 4 !== 1) {
      decoded[length++] = bits >> (6 - 2 * ((count - 1) % 4));
    }
  }
  if (!endsWell(text.subarray(offset), count)) {
    throw notBase64();
  }
  return decoded.subarray(0, length);
}

/** The text of an object `{"b64": "..."}`, which stands for a byte string; undefined for any other value. */
export function base64Text(node: JsonNode | undefined): Uint8Array | undefined {
  if (!(node instanceof JsonRecord) || node.members.length !== 1) {
    return undefined;
  }
  const [name, value] = node.members[0] ?? [];
  return name === "b64" && value instanceof Uint8Array ? value : undefined;
}

function notBase64(): ServingError {
  return invalidArgument("Unable to base64 decode");
}

/** Whether the rest, behind so many characters, is right padding or nothing. */
function endsWell(rest: Uint8Array, count: number): boolean {
  const padding = rest.filter((value) => !isOneOf(spaces, value));
  const missing = (4 - (count % 4)) % 4;
  const isPadded = padding.length === missing && padding.every((value) => isOneOf(paddings, value));
  return missing < 3 && (padding.length === 0 || isPadded);
}

function isOneOf(characters: string, value: number | undefined): boolean {
  return value !== undefined && characters.includes(String.fromCharCode(value));
}
