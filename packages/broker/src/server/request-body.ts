import type { IncomingMessage } from "node:http";
import { CoreError, concatBytes, decodeUtf8 } from "@sealserve/core";
import { RaTlsError } from "@sealserve/ra-tls";

/** The body of a request is longer than any honest one. */
export class BodyTooLarge extends Error {}

/**
 * The whole body of a request as text.
 * @throws BodyTooLarge before more than `maxLength` bytes are kept; RaTlsError `bad-message` when it is not UTF-8
 */
export async function readBody(request: IncomingMessage, maxLength: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxLength) {
      throw new BodyTooLarge("request body is too large");
    }
    chunks.push(chunk);
  }
  try {
    return decodeUtf8(concatBytes(...chunks));
  } catch (cause) {
    if (cause instanceof CoreError) {
      throw new RaTlsError("bad-message", "request body is not UTF-8", { cause });
    }
    throw cause;
  }
}
