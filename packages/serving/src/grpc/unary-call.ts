import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { type GrpcCodeName, ServingError, servingErrorOf } from "@sealserve/protocol";
import { type Log, logUnexpected } from "../log.ts";
import { tracePart } from "../tracing/current-trace.ts";
import type { Tracer } from "../tracing/tracer.ts";
import { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { parseGrpcTimeout, parseMessageEncoding } from "./call-headers.ts";
import { receiveMessage } from "./receive-message.ts";
import { sendFailure, sendMessage } from "./respond.ts";
import type { StreamingCalls } from "./streaming-calls.ts";
import type { StreamingMethod } from "./streaming-method.ts";

/**
 * One rpc: request message in, response message out, both as protobuf bytes. The response is over memory of its own: the request's is freed
 * when the method is done. A thrown ServingError becomes the call's
 * status; any other error becomes INTERNAL without its text.
 */
export type UnaryMethod = (request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

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

/** Answers one unary call from its headers to its trailers. Never throws. */
export async function answerUnaryCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: UnaryMethod | undefined,
  context: CallContext,
): Promise<void> {
  if (context.tracer === undefined) {
    await answerCall(stream, headers, method, context);
  } else {
    const answer = (): Promise<GrpcCodeName> => answerCall(stream, headers, method, context);
    await context.tracer.rpc(headers, method && headers[":path"], answer);
  }
}

/** @returns the code that the call ends with */
async function answerCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: UnaryMethod | undefined,
  context: CallContext,
): Promise<GrpcCodeName> {
  try {
    const answer = await callMethod(stream, headers, method, context);
    sendMessage(stream, answer, context.limits, context.responseHeaders?.current);
    return "OK";
  } catch (error) {
    const failure = servingErrorOf(error);
    logUnexpected(failure, context.log);
    sendFailure(stream, failure, context.limits.stallTimeoutMs);
    return failure.code;
  }
}

async function callMethod(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: UnaryMethod | undefined,
  context: CallContext,
): Promise<Uint8Array> {
  if (method === undefined) {
    throw new ServingError("UNIMPLEMENTED", "The server does not implement this method");
  }
  const scope = new CallScope(stream);
  try {
    const timeoutMs = parseGrpcTimeout(headers);
    if (timeoutMs !== undefined) {
      scope.limit(timeoutMs);
    }
    const encoding = parseMessageEncoding(headers);
    const { message, release } = await tracePart("receive", () =>
      receiveMessage(stream, encoding, context.limits, context.budget, scope.signal),
    );
    const answer = await scope.within(method(message, scope.signal).finally(release));
    context.budget.reserveUntilClose(answer.length, stream);
    return answer;
  } finally {
    scope.close();
  }
}
