import type { EventEmitter } from "node:events";
import { ServingError } from "@sealserve/protocol";
import type { ServingLimits } from "../transport/limits.ts";

/**
 * Counts the requests of each connection that are not answered yet. HTTP/1.1 lets a client send any number of them one behind
 * the other (pipelining, RFC 9112 section 9.3.2), and Node reads on for as long as it holds no answers.
 */
export class UnansweredRequests {
  readonly #limit: number;
  readonly #perConnection = new WeakMap<object, number>();

  constructor({ maxStreamsPerConnection }: Pick<ServingLimits, "maxStreamsPerConnection">) {
    this.#limit = maxStreamsPerConnection;
  }

  /**
   * Counts a request until its answer is closed.
   *
   * @throws ServingError `RESOURCE_EXHAUSTED` when it is one too many on its connection
   */
  admit(connection: object, answer: EventEmitter): void {
    const unanswered = this.#perConnection.get(connection) ?? 0;
    if (unanswered >= this.#limit) {
      throw new ServingError("RESOURCE_EXHAUSTED", `More than ${this.#limit} requests at one time on a connection`);
    }
    this.#perConnection.set(connection, unanswered + 1);
    answer.once("close", () => this.#perConnection.set(connection, (this.#perConnection.get(connection) ?? 1) - 1));
  }
}
