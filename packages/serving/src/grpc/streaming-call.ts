import { once } from "node:events";
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { messagePrefix, ServingError, servingErrorOf } from "@sealserve/protocol";
import { logUnexpected } from "../log.ts";
import { CallScope } from "../transport/call-scope.ts";
import { parseGrpcTimeout, parseMessageEncoding } from "./call-headers.ts";
import { readMessages } from "./read-messages.ts";
import { closeWhenStalled, failureTrailers, RESPONSE_HEADERS, SUCCESS_TRAILERS, sendFailure } from "./respond.ts";
import type { StreamingMethod } from "./streaming-method.ts";
import type { CallContext } from "./unary-call.ts";

/** How long a caller may leave its stream open after the trailers, milliseconds. */
const CALLER_ENDS_MS = 1000;

/** Answers a call with streams of messages, from its headers to its trailers. Never throws. */
export async function answerStreamingCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: StreamingMethod,
  context: CallContext,
): Promise<void> {
  const scope = new CallScope(stream);
  const { stallTimeoutMs } = context.limits;
  let release = (): void => undefined;
  try {
    release = admit(stream, scope, context);
    const requests = readRequests(stream, headers, scope, context);
    await scope.within(sendResponses(stream, method.serve(requests, scope.signal), scope.signal, stallTimeoutMs));
    // A method may take the end of its call for its own end.
    scope.signal.throwIfAborted();
    endWith(stream, SUCCESS_TRAILERS, stallTimeoutMs);
  } catch (error) {
    const failure = servingErrorOf(error);
    logUnexpected(failure, context.log);
    if (stream.headersSent) {
      endWith(stream, failureTrailers(failure), stallTimeoutMs);
    } else {
      sendFailure(stream, failure, stallTimeoutMs);
    }
  } finally {
    release();
    scope.close();
  }
}

function admit(stream: ServerHttp2Stream, scope: CallScope, { streaming }: CallContext): () => void {
  if (stream.session === undefined) {
    throw new ServingError("CANCELLED", "The caller cancelled the request");
  }
  return streaming.admit(stream.session, scope);
}

function readRequests(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  scope: CallScope,
  { limits, budget, streaming }: CallContext,
): AsyncIterable<Uint8Array> {
  const timeoutMs = parseGrpcTimeout(headers);
  if (timeoutMs !== undefined) {
    scope.limit(timeoutMs);
  }
  const tooSlow = new ServingError("DEADLINE_EXCEEDED", "The request came too slowly");
  return readMessages(stream, {
    encoding: parseMessageEncoding(headers),
    limits,
    streaming: streaming.limits,
    budget,
    onSilence: () => scope.end(tooSlow),
  });
}

async function sendResponses(
  stream: ServerHttp2Stream,
  responses: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  stallTimeoutMs: number,
): Promise<void> {
  for await (const message of responses) {
    if (signal.aborted || stream.closed || stream.destroyed) {
      return;
    }
    if (!stream.headersSent) {
      stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
    }
    await write(stream, Buffer.concat([messagePrefix(message.length), message]), signal, stallTimeoutMs);
  }
}

/** Writes, and waits until the caller has taken enough for more. */
async function write(
  stream: ServerHttp2Stream,
  bytes: Uint8Array,
  signal: AbortSignal,
  stallTimeoutMs: number,
): Promise<void> {
  if (!stream.write(bytes)) {
    const stalled = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), stallTimeoutMs);
    await once(stream, "drain", { signal }).finally(() => clearTimeout(stalled));
  }
}

/** Ends a call behind the responses that were sent. */
function endWith(stream: ServerHttp2Stream, trailers: OutgoingHttpHeaders, stallTimeoutMs: number): void {
  if (stream.closed || stream.destroyed) {
    return;
  }
  closeWhenStalled(stream, stallTimeoutMs);
  if (!stream.headersSent) {
    stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
  }
  stream.once("wantTrailers", () => {
    stream.sendTrailers(trailers);
    closeSoon(stream);
  });
  stream.end();
}

/** Resets a stream that the caller does not end after its call. A reset at once would overtake the trailers. */
function closeSoon(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), CALLER_ENDS_MS);
  stream.once("close", () => clearTimeout(timer));
}
