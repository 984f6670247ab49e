import type { Http2Session } from "node:http2";
import { ServingError } from "@sealserve/protocol";
import type { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";

/** Bounds on calls that go on for as long as the caller likes. */
export type StreamingLimits = Pick<
  ServingLimits,
  "maxStreamingCalls" | "maxStreamingCallsPerConnection" | "maxStreamingMessages" | "maxStreamingMessageBytes"
>;

/** The streaming calls that are under way: bounded in number, and ended when the server closes. */
export class StreamingCalls {
  readonly limits: StreamingLimits;
  readonly #running = new Set<CallScope>();
  readonly #perConnection = new WeakMap<Http2Session, number>();
  #closing = false;

  constructor(limits: StreamingLimits) {
    this.limits = limits;
  }

  /**
   * Counts a call until the returned function is called.
   *
   * @throws ServingError `RESOURCE_EXHAUSTED` when there are too many, `UNAVAILABLE` once the server closes
   */
  admit(session: Http2Session, scope: CallScope): () => void {
    const onConnection = this.#perConnection.get(session) ?? 0;
    if (this.#closing) {
      throw shuttingDown();
    }
    const { maxStreamingCalls, maxStreamingCallsPerConnection } = this.limits;
    if (this.#running.size >= maxStreamingCalls || onConnection >= maxStreamingCallsPerConnection) {
      throw new ServingError("RESOURCE_EXHAUSTED", "Too many streaming calls at one time");
    }
    this.#running.add(scope);
    this.#perConnection.set(session, onConnection + 1);
    return () => {
      this.#running.delete(scope);
      this.#perConnection.set(session, (this.#perConnection.get(session) ?? 1) - 1);
    };
  }

  /** Ends all calls with UNAVAILABLE and admits no more. What they are about to send on the occasion still goes out. */
  close(): void {
    this.#closing = true;
    setImmediate(() => {
      for (const scope of this.#running) {
        scope.end(shuttingDown());
      }
    });
  }
}

function shuttingDown(): ServingError {
  return new ServingError("UNAVAILABLE", "The server is shutting down");
}
