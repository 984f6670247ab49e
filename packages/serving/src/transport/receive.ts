import type { Readable } from "node:stream";
import { ServingError } from "@sealserve/protocol";
import type { ServingLimits } from "./limits.ts";

/** A request body of either HTTP version. */
export type RequestStream = Readable & { setTimeout(milliseconds: number): unknown };

/** Takes the body's bytes in order. What it throws ends the reading. */
export interface ByteSink {
  append(chunk: Uint8Array): void;
}

/**
 * Feeds a request body to `sink` until its end. At the first problem no more is taken from the stream.
 *
 * @param signal ends the reading, also when it has fired before; its reason is thrown
 * @throws ServingError `DEADLINE_EXCEEDED` when it comes too slowly, `CANCELLED` when the requester goes away
 */
export function receiveAll(
  stream: RequestStream,
  sink: ByteSink,
  limits: ServingLimits,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Neither event comes a second time.
    if (signal?.aborted === true || stream.destroyed) {
      stream.pause();
      reject(signal?.aborted === true ? signal.reason : callerIsGone());
      return;
    }
    const fail = (error: unknown): void => {
      settle();
      stream.pause();
      reject(error);
    };
    const tooSlow = (): void => fail(new ServingError("DEADLINE_EXCEEDED", "The request came too slowly"));
    const cancelled = (): void => fail(callerIsGone());
    const aborted = (): void => fail(signal?.reason);
    const take = (chunk: Uint8Array): void => {
      try {
        sink.append(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const end = (): void => {
      settle();
      resolve();
    };
    const total = setTimeout(tooSlow, limits.requestTimeoutMs);
    const settle = (): void => {
      clearTimeout(total);
      stream.setTimeout(0);
      signal?.removeEventListener("abort", aborted);
      stream.off("data", take).off("end", end).off("close", cancelled).off("timeout", tooSlow);
    };
    stream.setTimeout(limits.stallTimeoutMs);
    signal?.addEventListener("abort", aborted);
    stream.on("data", take).on("end", end).on("close", cancelled).on("timeout", tooSlow);
  });
}

function callerIsGone(): ServingError {
  return new ServingError("CANCELLED", "The caller cancelled the request");
}
