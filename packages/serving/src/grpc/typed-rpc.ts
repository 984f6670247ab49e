import type { MessageType, WireLimits } from "@sealserve/protocol";
import type { Call } from "../core/call.ts";
import type { UnaryMethod } from "./unary-call.ts";

/** An rpc whose messages are declared. @param limits of the request */
export function typedRpc<Request, Response>(
  requestType: MessageType<Request>,
  responseType: MessageType<Response>,
  answer: (request: Request, call: Call) => Promise<Partial<Response>>,
  limits: Partial<WireLimits> = {},
): UnaryMethod {
  return async (bytes, signal) =>
    responseType.encode(await answer(requestType.decode(bytes, limits), grpcCall(signal)));
}

/** A call that came in by gRPC. Its request was decoded for it alone. */
export function grpcCall(signal: AbortSignal): Call {
  return { signal, entrypoint: "GRPC", givesInputs: true };
}
