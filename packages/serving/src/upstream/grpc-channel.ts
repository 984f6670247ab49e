import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { connect } from "node:net";
import { grpcCodeName, messagePrefix, PREFIX_LENGTH, ServingError } from "@sealserve/protocol";
import type { MemoryBudget } from "../transport/memory-budget.ts";

const STREAM_WINDOW = 16 << 20;
const CONNECTION_WINDOW = 64 << 20;
/**
 * Mebibytes that calls of one connection may hold: any number, since requests are bounded where they come in. By default calls are refused while
 * there are more than 10 MB under way.
 */
const SESSION_MEMORY = 2 ** 20;
const MAX_MESSAGE_LENGTH = 1000;

/** What answers may take. */
export interface AnswerLimits {
  /** Of one message. */
  readonly maxBytes: number;
  /** Where the bytes of all that are under way count. */
  readonly budget: Pick<MemoryBudget, "reserve" | "release">;
}

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
  readonly #limits: AnswerLimits;
  #session: ClientHttp2Session | undefined;

  constructor(socketPath: string, limits: AnswerLimits) {
    this.#socketPath = socketPath;
    this.#limits = limits;
  }

  /**
   * Sends a message and gives the answer's.
   *
   * @param path `/package.Service/Method`
   * @param limits of this call's answer, in place of the channel's
   * @throws ServingError the status that the other end gave; `RESOURCE_EXHAUSTED` for an answer that finds no room
   * @throws ChannelBroken, NoAnswer; the signal's reason
   */
  async call(path: string, message: Uint8Array, signal?: AbortSignal, limits = this.#limits): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const stream = this.#open().request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const abort = (): void => void stream.destroy();
    signal?.addEventListener("abort", abort, { once: true });
    const chunks = new HeldChunks(limits);
    try {
      stream.write(messagePrefix(message.length));
      stream.end(message);
      return readAnswer(await receive(stream, chunks));
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause;
    } finally {
      signal?.removeEventListener("abort", abort);
      stream.destroy();
      chunks.release();
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

/** What has come of an answer, which counts as held until it is there as a whole. */
class HeldChunks {
  readonly #limits: AnswerLimits;
  readonly #chunks: Uint8Array[] = [];
  #total = 0;
  #released = false;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  /** @throws NoAnswer for more than an answer may have; ServingError `RESOURCE_EXHAUSTED` */
  add(chunk: Uint8Array): void {
    const { maxBytes, budget } = this.#limits;
    if (this.#released) {
      return;
    }
    if (this.#total + chunk.length > maxBytes + PREFIX_LENGTH) {
      throw new NoAnswer(`an answer of more than ${maxBytes} bytes`);
    }
    budget.reserve(chunk.length);
    this.#total += chunk.length;
    this.#chunks.push(chunk);
  }

  join(): Uint8Array {
    return Buffer.concat(this.#chunks, this.#total);
  }

  /** Nothing is kept from then on. */
  release(): void {
    this.#limits.budget.release(this.#total);
    this.#chunks.length = 0;
    this.#total = 0;
    this.#released = true;
  }
}

function receive(stream: ClientHttp2Stream, chunks: HeldChunks): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let headers: ResponseHeaders | undefined;
    let trailers: IncomingHttpHeaders | undefined;
    stream.on("response", (received) => {
      headers = received;
    });
    stream.on("trailers", (received) => {
      trailers = received;
    });
    stream.on("data", (chunk: Uint8Array) => {
      try {
        chunks.add(chunk);
      } catch (error) {
        reject(error);
        stream.destroy();
      }
    });
    stream.on("error", (cause) => reject(new ChannelBroken("the connection broke", { cause })));
    stream.on("close", () =>
      headers === undefined || !stream.readableEnded
        ? reject(new ChannelBroken("the connection ended before the answer"))
        : resolve({ headers, trailers, body: chunks.join() }),
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
