import type { ServerHttp2Stream } from "node:http2";
import { ServingError } from "@sealserve/protocol";
import { unpackGzip } from "../transport/gzip.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { receiveAll } from "../transport/receive.ts";
import type { MessageEncoding } from "./call-headers.ts";
import { GrpcMessageReader } from "./message-reader.ts";

/** A received request message; `release` gives its memory back and must be called once. */
export interface ReceivedMessage {
  readonly message: Uint8Array;
  readonly release: () => void;
}

/**
 * Receives the one message of a unary call.
 *
 * @throws ServingError when it breaks a limit, comes too slowly or is malformed
 */
export async function receiveMessage(
  stream: ServerHttp2Stream,
  encoding: MessageEncoding,
  limits: ServingLimits,
  budget: MemoryBudget,
  signal: AbortSignal,
): Promise<ReceivedMessage> {
  const reader = new GrpcMessageReader(limits.maxMessageBytes, budget);
  try {
    await receiveAll(stream, reader, limits, signal);
    return await takeMessage(reader, encoding, limits, budget);
  } catch (error) {
    reader.release();
    throw error;
  }
}

/** The message of a reader that has come to its end, unpacked. @throws ServingError */
export function takeMessage(
  reader: GrpcMessageReader,
  encoding: MessageEncoding,
  limits: Pick<ServingLimits, "maxUnpackedBytes">,
  budget: MemoryBudget,
): ReceivedMessage | Promise<ReceivedMessage> {
  return reader.compressed
    ? unpackMessage(reader, encoding, limits, budget)
    : { message: reader.take(), release: () => reader.release() };
}

async function unpackMessage(
  reader: GrpcMessageReader,
  encoding: MessageEncoding,
  limits: Pick<ServingLimits, "maxUnpackedBytes">,
  budget: MemoryBudget,
): Promise<ReceivedMessage> {
  if (encoding === "identity") {
    throw new ServingError("INTERNAL", "The message is marked compressed, but grpc-encoding names no compression");
  }
  const { message, reserved } = await unpackGzip(reader.take(), limits, budget);
  reader.release();
  return { message, release: () => budget.release(reserved) };
}
