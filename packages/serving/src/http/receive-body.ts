import type { IncomingMessage } from "node:http";
import type { CallScope } from "../transport/call-scope.ts";
import { unpackGzip } from "../transport/gzip.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { MessageBuffer } from "../transport/message-buffer.ts";
import { receiveAll } from "../transport/receive.ts";

/** Pieces of a body that are smaller, bytes, are left to the collector. */
const SMALL_PIECE = 1 << 12;

/** A received body; `release` gives its memory back and must be called once. */
export interface ReceivedBody {
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

/**
 * Receives a request body; one with a Content-Encoding that contains `gzip` is unpacked, as TensorFlow Serving does.
 *
 * @throws ServingError when it breaks a limit, comes too slowly or is not gzip as announced
 */
export async function receiveBody(
  request: IncomingMessage,
  limits: ServingLimits,
  budget: MemoryBudget,
  scope: CallScope,
): Promise<ReceivedBody> {
  const announced = request.headers["content-length"];
  const buffer = new MessageBuffer(
    announced === undefined ? undefined : Number(announced),
    limits.maxMessageBytes,
    budget,
  );
  try {
    const sink = { append: (piece: Uint8Array) => appendAndFree(buffer, piece), release: () => buffer.release() };
    await receiveAll(request, sink, limits, scope);
    const bytes = buffer.take();
    if (!request.headers["content-encoding"]?.includes("gzip")) {
      return { bytes, release: () => buffer.release() };
    }
    const { message, reserved } = await unpackGzip(bytes, limits, budget);
    buffer.release();
    return { bytes: message, release: () => budget.release(reserved) };
  } catch (error) {
    buffer.release();
    throw error;
  }
}

/**
 * Node makes a buffer for each piece of a body. As garbage outside of the collector's heap, those of a few megabytes would have it go through all
 * of the heap.
 */
function appendAndFree(buffer: MessageBuffer, piece: Uint8Array): void {
  buffer.append(piece);
  if (piece.length >= SMALL_PIECE && piece.buffer instanceof ArrayBuffer && piece.buffer.byteLength === piece.length) {
    piece.buffer.transfer(0);
  }
}
