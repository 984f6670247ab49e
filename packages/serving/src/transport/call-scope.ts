import type { EventEmitter } from "node:events";
import { ServingError } from "@sealserve/protocol";
import { LONGEST_TIMER_MS } from "./longest-timer.ts";

/** The time one call may take: ends with its deadline or when the caller goes away. */
export class CallScope {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #fail: ((reason: ServingError) => void) | undefined;

  /** @param stream its `close` means that the caller is gone */
  constructor(stream: EventEmitter) {
    stream.once("close", () => {
      // The usual case, in which an error that nobody reads would cost more than the rest of the scope.
      if (!this.#closed) {
        this.end(new ServingError("CANCELLED", "The caller cancelled the request"));
      }
    });
  }

  /** Fires with a ServingError as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Sets the deadline, counted from now. Of a call that has been answered, whose work may go on for a while, there is none. */
  limit(timeoutMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) {
      return;
    }
    const exceeded = (): void => this.end(new ServingError("DEADLINE_EXCEEDED", "Deadline Exceeded"));
    this.#timer = setTimeout(exceeded, Math.min(timeoutMs, LONGEST_TIMER_MS));
  }

  /**
   * The result of `work`, unless the scope ends first; `work` itself is not stopped by that, and what it throws at once
   * because of that comes first. For one piece of work.
   */
  within<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
      }
      this.#fail = (reason) => void setImmediate(() => reject(reason));
      work.then(resolve, reject);
    });
  }

  /** Ends the scope without consequences: the call has been answered. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
  }

  /** Ends the scope before its time. */
  end(reason: ServingError): void {
    clearTimeout(this.#timer);
    if (!this.#closed && !this.signal.aborted) {
      this.#controller.abort(reason);
      this.#fail?.(reason);
    }
  }
}
