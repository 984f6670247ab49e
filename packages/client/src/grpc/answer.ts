import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from "node:http2";
import { collect } from "../connection/collect.ts";
import { ClientError } from "../errors.ts";
import { brokenConnection } from "./session.ts";

type ResponseHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** A whole HTTP/2 answer. Trailers are undefined where the server sent none. */
export interface Http2Answer {
  readonly headers: ResponseHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly body: Uint8Array;
}

/** Bounds of one exchange. */
export interface ExchangeOptions {
  /** Largest answer, bytes. */
  readonly limit: number;
  /** `HOST:PORT`, for messages. */
  readonly authority: string;
  /** Cancels the request; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends `body` and waits for the whole answer.
 *
 * @throws ClientError `unreachable` when the connection breaks, `bad-answer` when the answer is too large
 */
export async function exchange(
  stream: ClientHttp2Stream,
  body: Uint8Array,
  { limit, authority, signal }: ExchangeOptions,
): Promise<Http2Answer> {
  const abort = (): void => void stream.destroy();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    signal?.throwIfAborted();
    stream.end(body);
    return await receive(stream, limit);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof ClientError ? cause : brokenConnection(authority, cause);
  } finally {
    signal?.removeEventListener("abort", abort);
    stream.destroy();
  }
}

async function receive(stream: ClientHttp2Stream, limit: number): Promise<Http2Answer> {
  let trailers: IncomingHttpHeaders | undefined;
  stream.on("trailers", (received) => {
    trailers = received;
  });
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));
  const headers = await new Promise<ResponseHeaders>((resolve, reject) => {
    stream.once("response", resolve).once("error", reject);
    void closed.then(() => reject(new Error("the server closed the request without an answer")));
  });
  const body = await collect(stream, limit);
  // Trailers come with the end of the stream, not always before the last byte has been read.
  await closed;
  return { headers, body, trailers };
}
