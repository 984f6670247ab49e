import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServingLimits } from "../transport/limits.ts";
import { discardBody, endsSoon } from "./discard-body.ts";
import type { HttpAnswer } from "./route.ts";

/** An answer up to this size, bytes, is in the buffers of the system when it has been written. */
const SMALL_ANSWER = 1 << 14;

/**
 * Sends an answer, which the client receives also when it comes before the end of the request's body.
 *
 * @param keepAlive whether the connection may be used again
 */
export async function sendAnswer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, contentType = "application/json", headers, body }: HttpAnswer,
  { keepAlive, limits }: { readonly keepAlive: boolean; readonly limits: ServingLimits },
): Promise<void> {
  response.shouldKeepAlive &&= keepAlive && endsSoon(incoming);
  expectTaking(incoming, response, body.length, limits);
  response.writeHead(status, { ...headers, "content-type": contentType, "content-length": body.length });
  if (incoming.complete) {
    // What a refusal left of it must not stop the requests behind it.
    if (incoming.isPaused()) {
      incoming.resume();
    }
    endWith(response, body);
  } else {
    await sendEarly(incoming, response, body, limits);
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

/** Ends a connection that does not take its answer, or takes a large one in pieces too small to ever come to its end. */
function expectTaking(
  { socket }: IncomingMessage,
  response: ServerResponse,
  size: number,
  { stallTimeoutMs, requestTimeoutMs }: ServingLimits,
): void {
  response.setTimeout(stallTimeoutMs, () => socket.destroy());
  if (size > SMALL_ANSWER) {
    const late = setTimeout(() => socket.destroy(), requestTimeoutMs);
    response.once("close", () => clearTimeout(late));
  }
}
