import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { connect } from "node:net";
import { grpcCodeName, messagePrefix, PREFIX_LENGTH, ServingError } from "@sealserve/protocol";

const STREAM_WINDOW = 16 << 20;
const CONNECTION_WINDOW = 64 << 20;
/**
 * Mebibytes that calls of one connection may hold: any number, since requests are bounded where they come in. By default calls are refused while
 * there are more than 10 MB under way.
 */
const SESSION_MEMORY = 2 ** 20;
const MAX_MESSAGE_LENGTH = 1000;

/** The other end cannot be reached, or the connection broke before it had answered. */
export class ChannelBroken extends Error {}

/** What came back is no answer to a unary gRPC call. */
export class NoAnswer extends Error {}

/**
 * Unary gRPC calls over a Unix socket, without encryption: both ends are inside of the same TEE, and the socket lies in a folder
 * that nobody else enters. A connection that broke is opened again by the next call ("gRPC over HTTP2").
 */
export class GrpcChannel {
  readonly #socketPath: string;
  readonly #maxAnswerBytes: number;
  #session: ClientHttp2Session | undefined;

  constructor(socketPath: string, maxAnswerBytes: number) {
    this.#socketPath = socketPath;
    this.#maxAnswerBytes = maxAnswerBytes;
  }

  /**
   * Sends a message and gives the answer's.
   *
   * @param path `/package.Service/Method`
   * @throws ServingError the status that the other end gave
   * @throws ChannelBroken, NoAnswer; the signal's reason
   */
  async call(path: string, message: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const stream = this.#open().request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const abort = (): void => void stream.destroy();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      stream.write(messagePrefix(message.length));
      stream.end(message);
      return readAnswer(await receive(stream, this.#maxAnswerBytes));
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause;
    } finally {
      signal?.removeEventListener("abort", abort);
      stream.destroy();
    }
  }

  /** Cuts the connection, and the calls on it. */
  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) {
      return this.#session;
    }
    const session = connectHttp2("http://localhost", {
      createConnection: () => connect(this.#socketPath),
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
      maxSessionMemory: SESSION_MEMORY,
    });
    session.on("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW));
    // Calls report what breaks.
    session.on("error", () => undefined);
    session.unref();
    this.#session = session;
    return session;
  }
}

type ResponseHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

interface Answer {
  readonly headers: ResponseHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly body: Uint8Array;
}

function receive(stream: ClientHttp2Stream, maxBytes: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let total = 0;
    let headers: ResponseHeaders | undefined;
    let trailers: IncomingHttpHeaders | undefined;
    stream.on("response", (received) => {
      headers = received;
    });
    stream.on("trailers", (received) => {
      trailers = received;
    });
    stream.on("data", (chunk: Uint8Array) => {
      total += chunk.length;
      chunks.push(chunk);
      if (total > maxBytes + PREFIX_LENGTH) {
        reject(new NoAnswer(`an answer of more than ${maxBytes} bytes`));
        stream.destroy();
      }
    });
    stream.on("error", (cause) => reject(new ChannelBroken("the connection broke", { cause })));
    stream.on("close", () =>
      headers === undefined || !stream.readableEnded
        ? reject(new ChannelBroken("the connection ended before the answer"))
        : resolve({ headers, trailers, body: Buffer.concat(chunks, total) }),
    );
  });
}

function readAnswer({ headers, trailers, body }: Answer): Uint8Array {
  const status = trailers ?? headers;
  const code = status["grpc-status"];
  if (headers[":status"] !== 200 || typeof code !== "string" || !/^\d{1,3}$/.test(code)) {
    throw new NoAnswer("no gRPC status");
  }
  const name = grpcCodeName(Number(code));
  if (name !== "OK") {
    throw new ServingError(name, statusMessage(status));
  }
  const length = body.length < PREFIX_LENGTH ? -1 : Buffer.from(body.buffer, body.byteOffset).readUInt32BE(1);
  if (body[0] !== 0 || length !== body.length - PREFIX_LENGTH) {
    throw new NoAnswer("not one uncompressed message");
  }
  return body.subarray(PREFIX_LENGTH);
}

function statusMessage(status: IncomingHttpHeaders): string {
  const encoded = String(status["grpc-message"] ?? "").slice(0, 3 * MAX_MESSAGE_LENGTH);
  try {
    return decodeURIComponent(encoded).slice(0, MAX_MESSAGE_LENGTH);
  } catch {
    // A broken encoding is shown as it came rather than lost ("gRPC over HTTP2").
    return encoded.slice(0, MAX_MESSAGE_LENGTH);
  }
}
