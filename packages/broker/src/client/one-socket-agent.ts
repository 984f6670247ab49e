import { Agent } from "node:http";
import type { Duplex } from "node:stream";
import { BrokerError } from "../errors.ts";

/** Sends all requests over one connection, made elsewhere, and never opens another. */
export class OneSocketAgent extends Agent {
  #unused: Duplex | undefined;

  constructor(socket: Duplex) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#unused = socket;
  }

  /** Asked for a second connection only when the first is gone: what was agreed on it is void then. */
  override createConnection(): Duplex {
    const socket = this.#unused;
    this.#unused = undefined;
    if (socket === undefined) {
      throw new BrokerError("broker-unreachable", "the broker closed the connection before the release was complete");
    }
    return socket;
  }
}
