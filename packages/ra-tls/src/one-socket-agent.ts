import { Agent, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Sends HTTP/1.1 requests one after another on the one connection it was given, and cannot open another: what was
 * proved on a connection is void on the next.
 */
export class OneSocketAgent extends Agent {
  readonly #socket: Duplex;
  readonly #closed: () => Error;
  #handedOut = false;

  /** @param closed makes the error of a request that comes when the connection is gone */
  constructor(socket: Duplex, closed: () => Error) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#socket = socket;
    this.#closed = closed;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    if (this.#handedOut) {
      callback?.(this.#closed(), this.#socket);
      return undefined;
    }
    this.#handedOut = true;
    return this.#socket;
  }
}
