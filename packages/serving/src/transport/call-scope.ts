import type { EventEmitter } from "node:events";
import { ServingError } from "@sealserve/protocol";
import { LONGEST_TIMER_MS } from "./longest-timer.ts";

/** The time one call may take: ends with its deadline or when the caller goes away. */
export class CallScope {
  #controller: AbortController | undefined;
  #streamIsClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #fail: ((reason: ServingError) => void) | undefined;
  #listener: ((reason: ServingError) => void) | undefined;
  #reason: ServingError | undefined;
  /** What is done when the stream closes. */
  #atClose: (() => void)[] | undefined;

  /** @param stream its `close` means that the caller is gone */
  constructor(stream: EventEmitter) {
    stream.on("close", () => this.#streamClosed());
  }

  /** Fires with a ServingError as its reason. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  /** Why the scope has ended before its time; undefined when it has not. */
  get reason(): ServingError | undefined {
    return this.#reason;
  }

  get streamIsClosed(): boolean {
    return this.#streamIsClosed;
  }

  /** Has `listener` told when the scope ends before its time, in the place of the one before. */
  whenEnded(listener: ((reason: ServingError) => void) | undefined): void {
    this.#listener = listener;
  }

  /** Does `work` when the stream closes; at once when it has. */
  whenStreamCloses(work: () => void): void {
    if (this.#streamIsClosed) {
      work();
    } else {
      this.#atClose ??= [];
      this.#atClose.push(work);
    }
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
   *
   * @param over called when the work is done, also when nobody waits for it any more
   */
  within<T>(work: Promise<T>, over?: () => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#reason !== undefined) {
        reject(this.#reason);
      }
      // V8 puts a function that is made for a property into its old space at once, where it keeps all that its call holds until the next collection there.
      const fail = (reason: ServingError): void => void setImmediate(() => reject(reason));
      this.#fail = fail;
      work.then(
        (result) => {
          over?.();
          resolve(result);
        },
        (error: unknown) => {
          over?.();
          reject(error);
        },
      );
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
    if (!this.#closed && this.#reason === undefined) {
      this.#reason = reason;
      this.#controller?.abort(reason);
      this.#listener?.(reason);
      this.#fail?.(reason);
    }
  }

  #streamClosed(): void {
    // The usual case is a call that was answered: an error that nobody reads would cost more than the rest of the scope.
    if (!this.#closed) {
      this.end(new ServingError("CANCELLED", "The caller cancelled the request"));
    }
    this.#streamIsClosed = true;
    // A stream that is done with may lie around until the next major collection, with the scope that listens to it.
    this.#controller = undefined;
    this.#fail = undefined;
    const atClose = this.#atClose ?? [];
    this.#atClose = undefined;
    for (const work of atClose) {
      work();
    }
  }
}
