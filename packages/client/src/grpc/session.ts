import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import type { TLSSocket } from "node:tls";
import { ClientError } from "../errors.ts";

const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 16 << 20;

/** An HTTP/2 session over a TLS connection that stands already; it never opens another one. */
export class Http2Connection {
  readonly #session: ClientHttp2Session;
  readonly #authority: string;

  private constructor(session: ClientHttp2Session, authority: string) {
    this.#session = session;
    this.#authority = authority;
  }

  /** @param authority `HOST:PORT` @throws ClientError `unreachable` */
  static async open(socket: TLSSocket, authority: string): Promise<Http2Connection> {
    const session = connect(`https://${authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
    });
    await new Promise<void>((resolve, reject) => {
      session.once("connect", () => resolve());
      session.once("error", (cause) => reject(brokenConnection(authority, cause)));
    });
    session.setLocalWindowSize(CONNECTION_WINDOW);
    // Streams report what breaks; this only keeps an idle session from ending the process.
    session.on("error", () => undefined);
    return new Http2Connection(session, authority);
  }

  /** Whether requests can be sent: false once the server has said goodbye or the connection broke. */
  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Starts a POST request. @throws ClientError `unreachable` */
  post(path: string, headers: OutgoingHttpHeaders): ClientHttp2Stream {
    if (!this.usable) {
      throw brokenConnection(this.#authority, undefined);
    }
    const fixed = { ":method": "POST", ":path": path, ":scheme": "https", ":authority": this.#authority };
    return this.#session.request({ ...fixed, ...headers });
  }

  /** Lets running requests end, then closes the connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#session.destroyed) {
        resolve();
      } else {
        // Its own callback never comes on a session that the server has closed already.
        this.#session.once("close", resolve).close();
      }
    });
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#session.destroy();
  }
}

/** The error of a connection that broke while it was in use. */
export function brokenConnection(authority: string, cause: unknown): ClientError {
  return new ClientError("unreachable", `the connection to ${authority} broke`, {
    actual: cause instanceof Error ? cause.message : "closed",
    cause,
  });
}
