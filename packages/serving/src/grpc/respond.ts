import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { encodeUtf8 } from "@sealserve/core";
import { messagePrefix, PREFIX_LENGTH, type ServingError, truncateStatusMessage } from "@sealserve/protocol";
import type { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { expectSoonTaken } from "../transport/soon-taken.ts";
import { MESSAGE_ENCODINGS } from "./call-headers.ts";

/** Up to this size, prefix and message go out as one DATA frame. */
const SMALL_MESSAGE = 1 << 14;

/** Headers in front of response messages. */
export const RESPONSE_HEADERS: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": MESSAGE_ENCODINGS.join(),
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

/** Headers in front of the message of a unary call, as name and value in turn: Node takes a list as it is, an object it copies. */
const UNARY_HEADERS: readonly string[] = listOf(RESPONSE_HEADERS);
/** gRPC knows no date, which Node would work out and add. */
const UNARY_OPTIONS = { waitForTrailers: true, sendDate: false } as const;
/** The same with headers of the server's own, which are the same for many calls. */
const moreHeaders = new WeakMap<OutgoingHttpHeaders, readonly string[]>();

/**
 * Sends the one response message and the status OK. A large one must be taken within the time of a request.
 *
 * @param scope of the call
 * @param more headers of the server's own
 */
export function sendMessage(
  stream: ServerHttp2Stream,
  message: Uint8Array,
  scope: CallScope,
  { stallTimeoutMs, requestTimeoutMs }: Pick<ServingLimits, "stallTimeoutMs" | "requestTimeoutMs">,
  more?: OutgoingHttpHeaders,
): void {
  if (stream.closed || stream.destroyed) {
    return;
  }
  stream.on("wantTrailers", sendSuccess);
  stream.respond(unaryHeaders(more), UNARY_OPTIONS);
  if (message.length <= SMALL_MESSAGE) {
    expectSoonTaken(scope, stallTimeoutMs, (leftMs) => closeWhenStalled(stream, leftMs));
    stream.end(withPrefix(message));
  } else {
    closeWhenStalled(stream, stallTimeoutMs);
    closeWhenLate(stream, requestTimeoutMs);
    stream.write(messagePrefix(message.length));
    stream.end(message);
  }
}

function sendSuccess(this: ServerHttp2Stream): void {
  this.sendTrailers(SUCCESS_TRAILERS);
}

function unaryHeaders(more: OutgoingHttpHeaders | undefined): readonly string[] {
  if (more === undefined) {
    return UNARY_HEADERS;
  }
  const known = moreHeaders.get(more) ?? listOf({ ...RESPONSE_HEADERS, ...more });
  moreHeaders.set(more, known);
  return known;
}

function listOf(headers: OutgoingHttpHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
}

/** A message with its prefix, in memory of Node's pool: all of it is overwritten. */
function withPrefix(message: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(PREFIX_LENGTH + message.length);
  whole[0] = 0;
  whole.writeUInt32BE(message.length, 1);
  whole.set(message, PREFIX_LENGTH);
  return whole;
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
