import type { Readable } from "node:stream";
import { ServingError } from "@sealserve/protocol";
import type { CallScope } from "./call-scope.ts";
import type { ServingLimits } from "./limits.ts";
import { type RunningTime, type TimeLimit, type TimeLimited, timeLimitOf } from "./time-limit.ts";

/** Takes the body's bytes in order. What it throws ends the reading. */
export interface ByteSink {
  append(chunk: Uint8Array): void;
  /** Gives up what it holds, since the rest of the body will not come. */
  release(): void;
}

type ReceiveLimits = Pick<ServingLimits, "requestTimeoutMs" | "stallTimeoutMs">;

/**
 * Feeds a request body to `sink` until its end. At the first problem no more is taken from the stream, and the sink is released.
 *
 * @param scope of the call; its end, also when it has ended before, ends the reading, and its reason is thrown
 * @throws ServingError `DEADLINE_EXCEEDED` when it comes too slowly, `CANCELLED` when the requester goes away
 */
export function receiveAll(stream: Readable, sink: ByteSink, limits: ReceiveLimits, scope: CallScope): Promise<void> {
  return new Promise((resolve, reject) => {
    new Reception(stream, sink, limits, scope).begin(resolve, reject);
  });
}

/** A body on its way. */
class Reception implements TimeLimited {
  readonly #stream: Readable;
  /** Undefined once no more is taken. */
  #sink: ByteSink | undefined;
  readonly #scope: CallScope;
  readonly #stallLimit: TimeLimit;
  #stall: RunningTime | undefined;
  /** When the time of the whole body is over; its timer is set when a pause could last beyond that. */
  readonly #endAt: number;
  #end: NodeJS.Timeout | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(stream: Readable, sink: ByteSink, limits: ReceiveLimits, scope: CallScope) {
    this.#stream = stream;
    this.#sink = sink;
    this.#scope = scope;
    this.#stallLimit = timeLimitOf(limits.stallTimeoutMs);
    this.#endAt = performance.now() + limits.requestTimeoutMs;
  }

  begin(resolve: () => void, reject: (error: unknown) => void): void {
    const { reason } = this.#scope;
    this.#reject = reject;
    // Neither event comes a second time.
    if (reason !== undefined || this.#stream.destroyed) {
      this.#fail(reason ?? new ServingError("CANCELLED", "The caller cancelled the request"));
      return;
    }
    this.#stall = this.#stallLimit.start(this);
    this.#boundPause(performance.now());
    this.#scope.whenEnded((ended) => this.#fail(ended));
    // Listeners stay, since to take them off costs as much as the rest; of a body that is done with they do nothing.
    this.#stream.on("data", (chunk: Uint8Array) => this.#take(chunk));
    this.#stream.on("end", () => {
      if (this.#settle()) {
        resolve();
      }
    });
  }

  late(): void {
    this.#fail(new ServingError("DEADLINE_EXCEEDED", "The request came too slowly"));
  }

  #take(chunk: Uint8Array): void {
    if (this.#sink === undefined || this.#stall === undefined) {
      return;
    }
    try {
      this.#sink.append(chunk);
      this.#boundPause(this.#stallLimit.restart(this.#stall));
    } catch (error) {
      this.#fail(error);
    }
  }

  #boundPause(now: number): void {
    if (this.#end === undefined && now + this.#stallLimit.ms >= this.#endAt) {
      // What has come by then counts, also when the process was paused.
      this.#end = setTimeout(() => setImmediate(() => this.late()), Math.max(1, this.#endAt - now));
    }
  }

  #fail(error: unknown): void {
    const sink = this.#sink;
    if (this.#settle()) {
      this.#stream.pause();
      sink?.release();
      this.#reject?.(error);
    }
  }

  /** Takes no more. @returns whether it did before */
  #settle(): boolean {
    if (this.#sink === undefined) {
      return false;
    }
    this.#sink = undefined;
    clearTimeout(this.#end);
    if (this.#stall !== undefined) {
      this.#stallLimit.stop(this.#stall);
      this.#stall = undefined;
      this.#scope.whenEnded(undefined);
    }
    return true;
  }
}
