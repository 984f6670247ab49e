import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import { requestId } from "./request-id.ts";

const VERSION_3_WARNING =
  '299 - "PCS API version 3 is no longer available. Cached collateral downloaded from API version 3 is deprecated, will not be refreshed, and may expire. Please migrate to API version 4."';

/**
 * Sends an answer, or only that the caller has it already.
 * @param more headers of this answer alone
 */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  more: readonly string[] = [],
): void {
  const own = ["Request-ID", requestId(rawHeader(request, "request-id")), ...more];
  if (status === 200 && isKnown(rawHeader(request, "if-none-match"), headers)) {
    response.writeHead(304, [...own, ...withoutMediaType(headers)]).end();
    return;
  }
  response.writeHead(status, [...own, ...headers, "Content-Length", `${body.length}`]);
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Headers that every answer below a path of API version 3 has. */
export const version3Headers: readonly string[] = ["Warning", VERSION_3_WARNING];

/** One header as it came; reading all of them into an object costs more than the rest of an answer that is ready. */
export function rawHeader({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index] as string;
    if (candidate.length === name.length && candidate.toLowerCase() === name) {
      return rawHeaders[index + 1];
    }
  }
  return undefined;
}

function isKnown(known: string | undefined, headers: readonly string[]): boolean {
  if (known === undefined) {
    return false;
  }
  const tag = headers[headers.indexOf("ETag") + 1] as string;
  return headers.includes("ETag") && (known.trim() === "*" || known.split(",").some((one) => one.trim() === tag));
}

function withoutMediaType(headers: readonly string[]): string[] {
  const index = headers.indexOf("Content-Type");
  return headers.filter((_, at) => at !== index && at !== index + 1);
}
