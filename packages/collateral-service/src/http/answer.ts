import { createHash } from "node:crypto";
import { STATUS_TEXTS } from "./status.ts";

/** An answer that is ready to be sent, again and again. */
export interface Answer {
  readonly status: number;
  /** Names and values by turns, in the order in which they are sent. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Until when the same answer may be sent to the same open request, in milliseconds; without it only once. */
  readonly reusableUntil?: number;
}

const HTML = "text/html; charset=utf-8";

/** An answer with a body and its entity tag (in the form of Intel's service, which clients may have kept). */
export function answer(body: string | Uint8Array, mediaType: string, headers: readonly string[] = []): Answer {
  const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.from(body);
  return { status: 200, headers: [...headers, "Content-Type", mediaType, "ETag", entityTag(bytes)], body: bytes };
}

/** The answer to a write that succeeded. */
export function done(): Answer {
  return answer(STATUS_TEXTS[200], HTML);
}

/** A text for people or scripts. */
export function textAnswer(text: string): Answer {
  return answer(text, HTML);
}

export function jsonAnswer(value: unknown, headers: readonly string[] = []): Answer {
  return answer(JSON.stringify(value), "application/json; charset=utf-8", headers);
}

/** The value of a header with a certificate chain: each certificate ends in a line feed, the last one too. */
export function chainHeader(pem: string): string {
  return encodeURIComponent(pem.endsWith("\n") ? pem : `${pem}\n`);
}

function entityTag(body: Buffer): string {
  const digest = createHash("sha1").update(body).digest("base64").slice(0, 27);
  return `W/"${body.length.toString(16)}-${digest}"`;
}
