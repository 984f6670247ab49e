import type { Duplex } from "node:stream";
import { RaTlsError } from "../errors.ts";

/** Without a listener an error that comes between two steps would end the process. */
export function survive<Connection extends Duplex>(socket: Connection): Connection {
  return socket.on("error", () => undefined);
}

/**
 * Waits for something that is worth nothing without the connection.
 * @param socket absent while there is none yet
 * @throws RaTlsError `peer-lost` when the connection ends first, or the time is up
 */
export async function inTime<T>(socket: Duplex | undefined, work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  const onClose = (): void => reject(ended());
  const onError = (cause: Error): void => reject(ended(cause));
  const timer = setTimeout(() => reject(late(timeoutMs)), timeoutMs);
  socket?.once("close", onClose).once("error", onError);
  try {
    const result = await Promise.race([work, lost]);
    if (socket?.destroyed === true) {
      throw ended();
    }
    return result;
  } finally {
    clearTimeout(timer);
    socket?.off("close", onClose).off("error", onError);
    // What comes too late is nobody's.
    work.catch(() => undefined);
    lost.catch(() => undefined);
  }
}

function ended(cause?: Error): RaTlsError {
  return new RaTlsError("peer-lost", "the connection ended before the peer was verified", { cause });
}

function late(timeoutMs: number): RaTlsError {
  return new RaTlsError("peer-lost", "the peer was not verified in time", { expected: `within ${timeoutMs} ms` });
}
