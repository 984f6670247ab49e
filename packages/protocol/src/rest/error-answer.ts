import { encodeUtf8 } from "@sealserve/core";
import { quoteText } from "./json/quote.ts";

/** The body of an error answer over REST: the whole message, and no code. */
export function encodeErrorAnswer(message: string): Uint8Array<ArrayBuffer> {
  return encodeUtf8(`{\n    "error": ${quoteText(message)}\n}`);
}
