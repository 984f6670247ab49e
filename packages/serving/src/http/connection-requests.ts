import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ServingError } from "@sealserve/protocol";

/** The requests of one connection. */
export class ConnectionRequests {
  /** How many have come, with their headers. */
  count = 0;
  /**
   * Answers that are not at their end. No Set: one that grows and shrinks leaves tables behind that lead to those after them, so that one of them in
   * the collector's old space keeps all later ones there, with answers that were in them.
   */
  readonly #open: ServerResponse[] = [];
  #admitted = 0;

  /** Whether there are answers that are not at their end. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Whether one of these has begun. */
  get isAnswering(): boolean {
    return this.#open.some(({ headersSent }) => headersSent);
  }

  /** A request has come, with its headers. */
  began(response: ServerResponse): void {
    this.count++;
    this.#open.push(response);
  }

  /** An answer is closed. */
  ended(response: ServerResponse): void {
    const place = this.#open.indexOf(response);
    if (place >= 0) {
      this.#open.splice(place, 1);
    }
  }

  /**
   * Counts a request as one to be answered, until {@link dismiss}. HTTP/1.1 lets a client send any number of them one behind the other
   * (pipelining, RFC 9112 section 9.3.2), and Node reads on for as long as it holds no answers.
   *
   * @param limit most requests at one time
   * @throws ServingError `RESOURCE_EXHAUSTED` when it is one too many
   */
  admit(limit: number): void {
    if (this.#admitted >= limit) {
      throw new ServingError("RESOURCE_EXHAUSTED", `More than ${limit} requests at one time on a connection`);
    }
    this.#admitted++;
  }

  /** The answer to a request that was admitted is closed. */
  dismiss(): void {
    this.#admitted--;
  }
}

/** The requests of each connection of a server. */
export class RequestsByConnection {
  readonly #connections = new WeakMap<Duplex, ConnectionRequests>();

  /** Undefined as long as no request has come. */
  find(socket: Duplex): ConnectionRequests | undefined {
    return this.#connections.get(socket);
  }

  /** A request has come, with its headers. @returns all of its connection */
  began(socket: Duplex, response: ServerResponse): ConnectionRequests {
    let requests = this.#connections.get(socket);
    if (requests === undefined) {
      requests = new ConnectionRequests();
      this.#connections.set(socket, requests);
    }
    requests.began(response);
    return requests;
  }
}
