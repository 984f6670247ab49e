import type { IncomingMessage } from "node:http";
import type { CallScope } from "../transport/call-scope.ts";
import { unpackGzip } from "../transport/gzip.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { MessageBuffer } from "../transport/message-buffer.ts";
import { receiveAll } from "../transport/receive.ts";

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
    await receiveAll(request, buffer, limits, scope);
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
