import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { RequestsByConnection } from "./connection-requests.ts";

const TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";
/** Beginning of Node's codes for what cannot be read as a request. The others are of connections on which nobody can be answered. */
const UNREADABLE = "HPE_";
const STATUS: Readonly<Record<string, number>> = {
  [TIMEOUT]: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/**
 * Ends connections whose requests cannot be read or do not come in time, as Node does by itself, but with a second look at those that
 * seem late: a process that was stopped, or had no processor, finds the time over before it reads what came meanwhile.
 */
export class ClientErrors {
  readonly #requests: RequestsByConnection;

  constructor(requests: RequestsByConnection) {
    this.#requests = requests;
  }

  /** Listens to `clientError` of a server. */
  handle(error: Error, socket: Duplex): void {
    const code = "code" in error ? String(error.code) : "";
    const before = this.#requests.find(socket);
    const count = before?.count ?? 0;
    if (code !== TIMEOUT || before?.isOpen === true) {
      this.#end(socket, code);
      return;
    }
    // Node reads from its sockets before that, and looks at this connection again only if a request has begun by then.
    setImmediate(() => {
      if ((this.#requests.find(socket)?.count ?? 0) === count) {
        this.#end(socket, code);
      }
    });
  }

  /** Nothing is written into an answer that has begun. */
  #end(socket: Duplex, code: string): void {
    const isAnswering = this.#requests.find(socket)?.isAnswering ?? false;
    const status = STATUS[code] ?? (code.startsWith(UNREADABLE) ? 400 : undefined);
    if (status !== undefined && socket.writable && !isAnswering) {
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
    }
    socket.destroy();
  }
}
