import type { IncomingMessage } from "node:http";
import type { ServingLimits } from "../transport/limits.ts";

/** A body up to this size, bytes, is taken to its end whatever its request is answered with. */
const SMALL_BODY = 1 << 18;
/** Longest pause in what is left of a body, milliseconds. */
const QUIET_MS = 5000;
/** Longest time for what is left of a body, milliseconds. */
const DISCARD_MS = 30_000;

/** Whether the connection of a request can be used again at little cost: what is left of its body is small. */
export function endsSoon({ complete, headers }: IncomingMessage): boolean {
  return complete || Number(headers["content-length"]) <= SMALL_BODY;
}

/**
 * Takes what is left of the body of a request that has its answer, and drops it. A connection that is closed while data come
 * in is reset, and a reset takes the answer from a client that has not read it yet (RFC 9112 section 9.6).
 *
 * @returns whether the body came to its end. It is given up when it is much larger than a message may be, or comes too slowly.
 */
export function discardBody(
  incoming: IncomingMessage,
  { maxMessageBytes, stallTimeoutMs }: Pick<ServingLimits, "maxMessageBytes" | "stallTimeoutMs">,
): Promise<boolean> {
  return new Promise((resolve) => {
    let dropped = 0;
    const settle = (): void => {
      clearTimeout(quiet);
      clearTimeout(total);
      incoming.off("data", drop).off("end", settle).off("close", settle).pause();
      resolve(incoming.complete);
    };
    const drop = (chunk: Uint8Array): void => {
      dropped += chunk.length;
      quiet.refresh();
      if (dropped > maxMessageBytes + SMALL_BODY) {
        settle();
      }
    };
    const quiet = setTimeout(settle, Math.min(QUIET_MS, stallTimeoutMs));
    const total = setTimeout(settle, DISCARD_MS);
    incoming.on("data", drop).on("end", settle).on("close", settle).resume();
  });
}
