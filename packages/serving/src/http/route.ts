import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { encodeErrorAnswer, type ServingError } from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";

/** A request on the HTTP/1.1 port, as a route sees it. */
export interface HttpRequest {
  /** Method, target, headers and connection. Its body is for {@link receive}, unless a route reads it by itself. */
  readonly incoming: IncomingMessage;
  /** Fires when the caller is gone or the limit has passed; its reason is a ServingError. */
  readonly signal: AbortSignal;
  /** Receives the whole body, unpacked; its memory is given back when the route has its answer. @throws ServingError */
  receive(): Promise<Uint8Array>;
  /** Sets a header of the answer, whether it will be a success or a failure. */
  setHeader(name: string, value: string): void;
  /** Bounds the time until the answer, milliseconds from now. */
  limit(timeoutMs: number): void;
}

/** What a request is answered with. */
export interface HttpAnswer {
  readonly status: number;
  /** JSON when nothing is stated. */
  readonly contentType?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: Uint8Array;
}

/**
 * Answers the requests for its own paths, and gives undefined for others. A ServingError that it throws becomes the answer
 * with that error's HTTP status.
 */
export type HttpRoute = (request: HttpRequest) => Awaitable<HttpAnswer> | undefined;

/** The JSON answer for anything that was thrown. An error without a message has no body. */
export function failureAnswer(failure: ServingError): HttpAnswer {
  return {
    status: failure.httpStatus,
    body: failure.message === "" ? new Uint8Array() : encodeErrorAnswer(failure.message),
  };
}
