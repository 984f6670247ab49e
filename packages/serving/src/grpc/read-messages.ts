import type { Readable } from "node:stream";
import { ServingError } from "@sealserve/protocol";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import type { MessageEncoding } from "./call-headers.ts";
import { GrpcMessageReader } from "./message-reader.ts";
import { takeMessage } from "./receive-message.ts";
import type { StreamingLimits } from "./streaming-calls.ts";

/** How the messages of a streaming call are read. */
export interface MessageReading {
  readonly encoding: MessageEncoding;
  readonly limits: Pick<ServingLimits, "stallTimeoutMs">;
  readonly streaming: StreamingLimits;
  readonly budget: MemoryBudget;
  /** Called when the caller has been silent for the stall time while a message was waited for. */
  readonly onSilence: () => void;
}

/**
 * The messages of a streaming call, one after the other; each is good until the next one is asked for. Only then are more
 * bytes taken from the stream, so that a caller cannot send faster than the answers are made.
 *
 * @throws ServingError for a message that is malformed or too large, or one too many
 */
export async function* readMessages(stream: Readable, reading: MessageReading): AsyncGenerator<Uint8Array> {
  const { maxStreamingMessages, maxStreamingMessageBytes } = reading.streaming;
  let count = 0;
  let reader = new GrpcMessageReader(maxStreamingMessageBytes, reading.budget);
  try {
    for await (const chunk of chunksOf(stream, reading)) {
      for (let rest = chunk; rest.length > 0; ) {
        const part = rest.subarray(0, reader.missing);
        rest = rest.subarray(part.length);
        reader.append(part);
        if (reader.missing === 0) {
          if (++count > maxStreamingMessages) {
            throw new ServingError("RESOURCE_EXHAUSTED", `The call has more than ${maxStreamingMessages} messages`);
          }
          yield* contentOf(reader, reading);
          reader = new GrpcMessageReader(maxStreamingMessageBytes, reading.budget);
        }
      }
    }
    if (!reader.empty) {
      throw new ServingError("INTERNAL", "The call ended inside a message");
    }
  } finally {
    reader.release();
  }
}

async function* chunksOf(stream: Readable, { limits, onSilence }: MessageReading): AsyncGenerator<Uint8Array> {
  // The stream still has to carry the status when no more messages are wanted.
  const chunks: AsyncIterator<Uint8Array> = stream.iterator({ destroyOnReturn: false });
  for (;;) {
    const silence = setTimeout(onSilence, limits.stallTimeoutMs);
    const next = await chunks.next().finally(() => clearTimeout(silence));
    if (next.done === true) {
      return;
    }
    yield next.value;
  }
}

async function* contentOf(
  reader: GrpcMessageReader,
  { encoding, streaming, budget }: MessageReading,
): AsyncGenerator<Uint8Array> {
  const unpacked = { maxUnpackedBytes: streaming.maxStreamingMessageBytes };
  const { message, release } = await takeMessage(reader, encoding, unpacked, budget);
  try {
    yield message;
  } finally {
    release();
  }
}
