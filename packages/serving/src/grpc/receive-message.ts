import { ServingError } from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { unpack } from "../transport/unpack.ts";
import type { MessageEncoding } from "./call-headers.ts";
import type { GrpcMessageReader } from "./message-reader.ts";

/** A received request message; `release` gives its memory back and must be called once. */
export interface ReceivedMessage {
  readonly message: Uint8Array;
  readonly release: () => void;
}

/** The message of a reader that has come to its end, unpacked. What the reader holds is released when that fails. @throws ServingError */
export function takeMessage(
  reader: GrpcMessageReader,
  encoding: MessageEncoding,
  limits: Pick<ServingLimits, "maxUnpackedBytes">,
  budget: MemoryBudget,
): Awaitable<ReceivedMessage> {
  if (reader.compressed) {
    return unpackMessage(reader, encoding, limits, budget);
  }
  try {
    return { message: reader.take(), release: () => reader.release() };
  } catch (error) {
    reader.release();
    throw error;
  }
}

async function unpackMessage(
  reader: GrpcMessageReader,
  encoding: MessageEncoding,
  limits: Pick<ServingLimits, "maxUnpackedBytes">,
  budget: MemoryBudget,
): Promise<ReceivedMessage> {
  try {
    if (encoding === "identity") {
      throw new ServingError("INTERNAL", "The message is marked compressed, but grpc-encoding names no compression");
    }
    const { message, reserved } = await unpack(reader.take(), encoding, limits, budget);
    return { message, release: () => budget.release(reserved) };
  } finally {
    reader.release();
  }
}
