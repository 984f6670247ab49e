import type { Duplex } from "node:stream";
import { RaTlsError } from "../errors.ts";

/**
 * Waits for something that is worth nothing without the connection.
 * @throws RaTlsError `peer-lost` when the connection ends first, or the time is up
 */
export async function inTime<T>(socket: Duplex, work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  const fail = (message: string, cause?: unknown): void =>
    reject(new RaTlsError("peer-lost", message, cause === undefined ? {} : { cause }));
  const onClose = (): void => fail("the connection ended before the peer was verified");
  const onError = (cause: Error): void => fail("the connection failed before the peer was verified", cause);
  const timer = setTimeout(() => fail(`the peer was not verified within ${timeoutMs} ms`), timeoutMs);
  socket.once("close", onClose).once("error", onError);
  if (socket.destroyed) {
    onClose();
  }
  try {
    return await Promise.race([work, lost]);
  } finally {
    clearTimeout(timer);
    socket.off("close", onClose).off("error", onError);
    // What comes too late is nobody's.
    work.catch(() => undefined);
    lost.catch(() => undefined);
  }
}
