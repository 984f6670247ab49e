import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

const TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";
/** Beginning of Node's codes for what cannot be read as a request. The others are of connections on which nobody can be answered. */
const UNREADABLE = "HPE_";
const STATUS: Readonly<Record<string, number>> = {
  [TIMEOUT]: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** What is known of a connection. */
interface Connection {
  requests: number;
  /** Answers that are not at their end. */
  readonly open: Set<ServerResponse>;
}

/**
 * Ends connections whose requests cannot be read or do not come in time, as Node does by itself, but with a second look at those that
 * seem late: a process that was stopped, or had no processor, finds the time over before it reads what came meanwhile.
 */
export class ClientErrors {
  readonly #connections = new WeakMap<Duplex, Connection>();

  /** A request has come, with its headers. */
  began({ socket }: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(socket) ?? { requests: 0, open: new Set() };
    this.#connections.set(socket, connection);
    connection.requests++;
    connection.open.add(response);
    response.once("close", () => connection.open.delete(response));
  }

  /** Listens to `clientError` of a server. */
  handle(error: Error, socket: Duplex): void {
    const code = "code" in error ? String(error.code) : "";
    const before = this.#connections.get(socket);
    const requests = before?.requests ?? 0;
    if (code !== TIMEOUT || (before !== undefined && before.open.size > 0)) {
      this.#end(socket, code);
      return;
    }
    // Node reads from its sockets before that, and looks at this connection again only if a request has begun by then.
    setImmediate(() => {
      if ((this.#connections.get(socket)?.requests ?? 0) === requests) {
        this.#end(socket, code);
      }
    });
  }

  /** Nothing is written into an answer that has begun. */
  #end(socket: Duplex, code: string): void {
    const open = this.#connections.get(socket)?.open ?? [];
    const status = STATUS[code] ?? (code.startsWith(UNREADABLE) ? 400 : undefined);
    if (status !== undefined && socket.writable && ![...open].some(({ headersSent }) => headersSent)) {
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
    }
    socket.destroy();
  }
}
