import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { type GrpcCodeName, ServingError, servingErrorOf } from "@sealserve/protocol";
import { type Awaitable, endWith } from "../core/awaitable.ts";
import { type Log, logUnexpected } from "../log.ts";
import { tracePart } from "../tracing/current-trace.ts";
import type { Tracer } from "../tracing/tracer.ts";
import { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { receiveAll } from "../transport/receive.ts";
import { type MessageEncoding, parseGrpcTimeout, parseMessageEncoding } from "./call-headers.ts";
import { GrpcMessageReader } from "./message-reader.ts";
import { type ReceivedMessage, takeMessage } from "./receive-message.ts";
import { sendFailure, sendMessage } from "./respond.ts";
import type { StreamingCalls } from "./streaming-calls.ts";
import type { StreamingMethod } from "./streaming-method.ts";

/**
 * One rpc: request message in, response message out, both as protobuf bytes; a promise is only for what cannot be answered at
 * once. The response is over memory of its own: the request's is freed
 * when the method is done. A thrown ServingError becomes the call's
 * status; any other error becomes INTERNAL without its text.
 */
export type UnaryMethod = (request: Uint8Array, signal: AbortSignal) => Awaitable<Uint8Array>;

/** Unary rpcs by full path. */
export type UnaryMethods = ReadonlyMap<string, UnaryMethod>;

/** An rpc: a function when it is unary. */
export type GrpcMethod = UnaryMethod | StreamingMethod;

/** Rpcs by full path, such as `/tensorflow.serving.PredictionService/Predict`. */
export type GrpcMethods = ReadonlyMap<string, GrpcMethod>;

/** What all calls of a server share. */
export interface CallContext {
  readonly methods: GrpcMethods;
  readonly limits: ServingLimits;
  readonly budget: MemoryBudget;
  readonly log: Log;
  readonly streaming: StreamingCalls;
  /** Traces unary calls; undefined when traces are off. */
  readonly tracer?: Tracer | undefined;
  /** Headers of the server's own in front of the messages of unary calls, as they are at the time. */
  readonly responseHeaders?: { readonly current: OutgoingHttpHeaders };
}

/** A call that has come in. */
interface IncomingCall {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly method: UnaryMethod | undefined;
  readonly scope: CallScope;
}

/** Answers one unary call from its headers to its trailers. Never throws. */
export function answerUnaryCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: UnaryMethod | undefined,
  context: CallContext,
): Promise<unknown> {
  const call = { stream, headers, method, scope: new CallScope(stream) };
  return context.tracer === undefined
    ? answerCall(call, context)
    : context.tracer.rpc(headers, method && headers[":path"], () => answerCall(call, context));
}

/**
 * The only wait that every call has is that for its message: each further one costs what a small model takes to run.
 *
 * @returns the code that the call ends with
 */
async function answerCall(call: IncomingCall, context: CallContext): Promise<GrpcCodeName> {
  const { stream, scope } = call;
  const reader = new GrpcMessageReader(context.limits.maxMessageBytes, context.budget);
  try {
    const method = call.method ?? unimplemented();
    const encoding = acceptCall(call);
    await tracePart("receive", () => receiveAll(stream, reader, context.limits, scope));
    const request = takeMessage(reader, encoding, context.limits, context.budget);
    const running = runMethod(method, request instanceof Promise ? await request : request, scope);
    const answer = running instanceof Promise ? await running : running;
    context.budget.reserveUntilClose(answer.length, scope);
    sendMessage(stream, answer, scope, context.limits, context.responseHeaders?.current);
    return "OK";
  } catch (error) {
    const failure = servingErrorOf(error);
    logUnexpected(failure, context.log);
    sendFailure(stream, failure, context.limits.stallTimeoutMs);
    return failure.code;
  } finally {
    scope.close();
  }
}

/** Reads the headers; the deadline in them begins. @throws ServingError */
function acceptCall({ headers, scope }: IncomingCall): MessageEncoding {
  const timeoutMs = parseGrpcTimeout(headers);
  if (timeoutMs !== undefined) {
    scope.limit(timeoutMs);
  }
  return parseMessageEncoding(headers);
}

/** The method's answer, unless the call ends before it is there. The request is released when the method is done. */
function runMethod(
  method: UnaryMethod,
  { message, release }: ReceivedMessage,
  scope: CallScope,
): Awaitable<Uint8Array> {
  const running = endWith(() => method(message, scope.signal), release);
  return running instanceof Promise ? scope.within(running) : running;
}

function unimplemented(): never {
  throw new ServingError("UNIMPLEMENTED", "The server does not implement this method");
}
