import {
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeHex,
  type JsonValue,
  parseStrictJson,
  SealserveError,
} from "@sealserve/core";
import { PlatformError } from "./errors.ts";
import { REPORT_DATA_LENGTH } from "./platform.ts";

/** The longest message on a platform's socket, in bytes, with its line end. */
export const MAXIMUM_MESSAGE_LENGTH = 64 * 1024;

const MAXIMUM_DEPTH = 3;
const ERROR_CODE = /^[a-z0-9-]{1,64}$/;
/** Printable text of one line: the message ends up in other programs' logs. */
const ERROR_MESSAGE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,500}$/u;

/** What a program asks of its platform: a quote over these 64 bytes. */
export interface PlatformRequest {
  readonly quote: { readonly reportData: Uint8Array };
}

/** What a platform answers: the quote, or why there is none. */
export type PlatformResponse =
  | { readonly quote: Uint8Array }
  | { readonly error: { readonly code: string; readonly message: string } };

/** The request as one line of JSON with its line end. */
export function encodePlatformRequest(request: PlatformRequest): string {
  return `${JSON.stringify({ quote: { reportData: encodeHex(request.quote.reportData) } })}\n`;
}

/** Reads one line (without its end). @throws PlatformError `bad-message` */
export function decodePlatformRequest(line: string): PlatformRequest {
  return decode("request", line, (document) => {
    const { quote } = members(document, ["quote"]);
    const { reportData } = members(quote, ["reportData"]);
    return { quote: { reportData: decodeHex(text(reportData), REPORT_DATA_LENGTH) } };
  });
}

/** The response as one line of JSON with its line end. */
export function encodePlatformResponse(response: PlatformResponse): string {
  const document = "quote" in response ? { quote: encodeBase64(response.quote) } : response;
  return `${JSON.stringify(document)}\n`;
}

/** Reads one line (without its end). @throws PlatformError `bad-message` */
export function decodePlatformResponse(line: string): PlatformResponse {
  return decode("answer", line, (document) => {
    if (isObject(document) && "error" in document) {
      const { code, message } = members(members(document, ["error"])["error"], ["code", "message"]);
      return { error: { code: text(code, ERROR_CODE), message: text(message, ERROR_MESSAGE) } };
    }
    const quote = decodeBase64(text(members(document, ["quote"])["quote"]));
    if (quote.length === 0) {
      throw new PlatformError("bad-message", "the quote is empty");
    }
    return { quote };
  });
}

function decode<Message>(what: string, line: string, read: (document: JsonValue) => Message): Message {
  try {
    return read(parseStrictJson(line, { maxLength: MAXIMUM_MESSAGE_LENGTH, maxDepth: MAXIMUM_DEPTH }));
  } catch (cause) {
    if (cause instanceof PlatformError) {
      throw cause;
    }
    const reason = cause instanceof SealserveError ? cause.message : "unreadable";
    throw new PlatformError("bad-message", `not a platform ${what}: ${reason}`, { cause });
  }
}

function members<Name extends string>(value: JsonValue | undefined, names: readonly Name[]): Record<Name, JsonValue> {
  if (!isObject(value)) {
    throw new PlatformError("bad-message", "a platform message has something else where an object belongs");
  }
  const found = Object.keys(value);
  if (found.length !== names.length || !names.every((name) => found.includes(name))) {
    throw new PlatformError("bad-message", "a platform message has other members than it should", {
      expected: names.join(", "),
      actual: `${found.length} members`,
    });
  }
  return value as Record<Name, JsonValue>;
}

function isObject(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: JsonValue, form = /^/): string {
  if (typeof value !== "string" || !form.test(value)) {
    throw new PlatformError("bad-message", "a platform message has something else where text belongs");
  }
  return value;
}
