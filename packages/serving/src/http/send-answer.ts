import type { IncomingMessage, ServerResponse } from "node:http";
import type { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { expectSoonTaken } from "../transport/soon-taken.ts";
import { discardBody, endsSoon } from "./discard-body.ts";
import type { HttpAnswer } from "./route.ts";

/** An answer up to this size, bytes, is in the buffers of the system when it has been written. */
const SMALL_ANSWER = 1 << 14;

/** How an answer is sent. */
export interface SendOptions {
  /** Whether the connection may be used again. */
  readonly keepAlive: boolean;
  readonly limits: ServingLimits;
  /** Of the response. */
  readonly scope: CallScope;
}

/** Sends an answer, which the client receives also when it comes before the end of the request's body. */
export function sendAnswer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, contentType = "application/json", headers, body }: HttpAnswer,
  { keepAlive, limits, scope }: SendOptions,
): void {
  response.shouldKeepAlive &&= keepAlive && endsSoon(incoming);
  if (body.length <= SMALL_ANSWER) {
    expectSoonTaken(scope, limits.stallTimeoutMs, (leftMs) => endWhenStalled(incoming, response, leftMs));
  } else {
    endWhenStalled(incoming, response, limits.stallTimeoutMs);
    endWhenLate(incoming, response, limits.requestTimeoutMs);
  }
  const own = { "content-type": contentType, "content-length": body.length };
  response.writeHead(status, headers === undefined ? own : { ...headers, ...own });
  if (incoming.complete) {
    // What a refusal left of it must not stop the requests behind it.
    if (incoming.isPaused()) {
      incoming.resume();
    }
    endWith(response, body);
  } else {
    void sendEarly(incoming, response, body, limits);
  }
}

/** A small body goes out with the headers, as one write and one TLS record, which Node makes of text alone. */
function endWith(response: ServerResponse, body: Uint8Array): void {
  if (body.length <= SMALL_ANSWER) {
    response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString("latin1"), "latin1");
  } else {
    response.end(body);
  }
}

/** The connection ends, or is free for the next request, only when the client has sent what it had begun to send. */
async function sendEarly(
  incoming: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  limits: ServingLimits,
): Promise<void> {
  response.flushHeaders();
  response.write(body);
  const ended = await discardBody(incoming, limits);
  response.end();
  if (!ended) {
    incoming.socket.destroySoon();
  }
}

/** Ends a connection that does not take its answer. */
function endWhenStalled({ socket }: IncomingMessage, response: ServerResponse, stallTimeoutMs: number): void {
  response.setTimeout(stallTimeoutMs, () => socket.destroy());
  // The time is the socket's: it must not go on for the work on a request behind this one, nor end what Node then sets for an idle connection.
  response.prependOnceListener("finish", () => socket.setTimeout(0));
}

/** Ends a connection that takes a large answer in pieces too small to ever come to its end. */
function endWhenLate({ socket }: IncomingMessage, response: ServerResponse, timeoutMs: number): void {
  const late = setTimeout(() => socket.destroy(), timeoutMs);
  response.once("close", () => clearTimeout(late));
}
