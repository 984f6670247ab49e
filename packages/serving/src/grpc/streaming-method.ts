import { ServingError } from "@sealserve/protocol";

/**
 * An rpc with a stream of messages in each direction, as protobuf bytes. What it throws becomes the call's status, as with
 * unary methods; when the signal fires, nobody takes its responses any more.
 */
export interface StreamingMethod {
  readonly serve: (requests: AsyncIterable<Uint8Array>, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/** An rpc that takes one message and answers with a stream. */
export function serverStreaming(
  answer: (request: Uint8Array, signal: AbortSignal) => AsyncIterable<Uint8Array>,
): StreamingMethod {
  return {
    serve: async function* (requests, signal) {
      yield* answer(await onlyMessage(requests), signal);
    },
  };
}

async function onlyMessage(requests: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let only: Uint8Array | undefined;
  for await (const message of requests) {
    if (only !== undefined) {
      throw new ServingError("INTERNAL", "The request carries more than one message");
    }
    only = message;
  }
  if (only === undefined) {
    throw new ServingError("INTERNAL", "The request carries no message");
  }
  return only;
}
