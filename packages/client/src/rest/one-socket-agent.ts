import { Agent, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { ClientError } from "../errors.ts";

/**
 * Sends HTTP/1.1 requests one after another on the one TLS connection it was given. It cannot open another: no request
 * leaves on a connection whose other end has not proved what it is.
 */
export class OneSocketAgent extends Agent {
  readonly #socket: TLSSocket;
  #handedOut = false;

  constructor(socket: TLSSocket) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#socket = socket;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    if (this.#handedOut) {
      callback?.(new ClientError("unreachable", "the attested connection is closed"), this.#socket);
      return undefined;
    }
    this.#handedOut = true;
    return this.#socket;
  }
}
