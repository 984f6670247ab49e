import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { encodeUtf8 } from "@sealserve/core";
import { messagePrefix, type ServingError, truncateStatusMessage } from "@sealserve/protocol";
import type { ServingLimits } from "../transport/limits.ts";

/** Up to this size, prefix and message go out as one DATA frame. */
const SMALL_MESSAGE = 1 << 14;

/** Headers in front of response messages. */
export const RESPONSE_HEADERS: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity,gzip",
};

/** Trailers of a call that succeeded. */
export const SUCCESS_TRAILERS: OutgoingHttpHeaders = { "grpc-status": "0" };

/**
 * Cuts a status message to its greatest length and percent-encodes it: all bytes but printable ASCII, and the percent sign
 * ("gRPC over HTTP2"); spaces at either end too, since HTTP/2 refuses fields that have them there (RFC 9113 section 8.2.1).
 */
export function encodeStatusMessage(message: string): string {
  const bytes = encodeUtf8(truncateStatusMessage(message));
  let encoded = "";
  for (const [index, byte] of bytes.entries()) {
    const atEnd = index === 0 || index === bytes.length - 1;
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && !(byte === 0x20 && atEnd);
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/**
 * Sends the one response message and the status OK. A large one must be taken within the time of a request.
 *
 * @param more headers of the server's own
 */
export function sendMessage(
  stream: ServerHttp2Stream,
  message: Uint8Array,
  { stallTimeoutMs, requestTimeoutMs }: Pick<ServingLimits, "stallTimeoutMs" | "requestTimeoutMs">,
  more?: OutgoingHttpHeaders,
): void {
  if (stream.closed || stream.destroyed) {
    return;
  }
  closeWhenStalled(stream, stallTimeoutMs);
  stream.on("wantTrailers", () => stream.sendTrailers(SUCCESS_TRAILERS));
  stream.respond(more === undefined ? RESPONSE_HEADERS : { ...RESPONSE_HEADERS, ...more }, { waitForTrailers: true });
  const prefix = messagePrefix(message.length);
  if (message.length <= SMALL_MESSAGE) {
    stream.end(Buffer.concat([prefix, message]));
  } else {
    closeWhenLate(stream, requestTimeoutMs);
    stream.write(prefix);
    stream.end(message);
  }
}

/** Ends a call that has no response message (a trailers-only response) and stops taking its request. */
export function sendFailure(stream: ServerHttp2Stream, failure: ServingError, stallTimeoutMs: number): void {
  if (stream.closed || stream.destroyed || stream.headersSent) {
    return;
  }
  closeWhenStalled(stream, stallTimeoutMs);
  stream.respond({ ...RESPONSE_HEADERS, ...failureTrailers(failure) }, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

/** Trailers of a call that failed. */
export function failureTrailers(failure: ServingError): OutgoingHttpHeaders {
  return { "grpc-status": String(failure.grpcCode), "grpc-message": encodeStatusMessage(failure.message) };
}

/** Resets a stream whose requester does not take the answer. */
export function closeWhenStalled(stream: ServerHttp2Stream, stallTimeoutMs: number): void {
  stream.setTimeout(stallTimeoutMs, () => stream.close(constants.NGHTTP2_CANCEL));
}

/** Resets a stream whose requester takes the answer in pieces too small to ever come to its end. */
function closeWhenLate(stream: ServerHttp2Stream, timeoutMs: number): void {
  const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), timeoutMs);
  stream.once("close", () => clearTimeout(late));
}
