import type { IncomingHttpHeaders } from "node:http2";
import { encodeUtf8 } from "@sealserve/core";
import { messagePrefix, PREFIX_LENGTH } from "@sealserve/protocol";
import { EVIDENCE_PATH } from "@sealserve/ra-tls";
import { deadlineExceeded, startDeadline } from "../connection/deadline.ts";
import { connectTls, type TlsTarget } from "../connection/tls.ts";
import { type HttpAnswer, MAX_EVIDENCE_ANSWER, noEvidenceInTime, type Prove } from "../evidence/exchange.ts";
import type { CallOptions } from "../options.ts";
import { exchange } from "./answer.ts";
import { readUnaryAnswer, timeoutHeader } from "./framing.ts";
import { Http2Connection } from "./session.ts";

/** What a unary call was answered with. */
export interface UnaryAnswer {
  readonly message: Uint8Array;
  readonly headers: IncomingHttpHeaders;
}

/** A gRPC connection whose other end has proved what it is. It never reconnects. */
export class GrpcConnection<Proof> {
  readonly proven: Proof;
  readonly #http2: Http2Connection;
  readonly #authority: string;
  readonly #maxAnswerBytes: number;

  private constructor(http2: Http2Connection, authority: string, proven: Proof, maxAnswerBytes: number) {
    this.#http2 = http2;
    this.#authority = authority;
    this.proven = proven;
    this.#maxAnswerBytes = maxAnswerBytes;
  }

  /**
   * Connects and has the node prove itself on that connection. Until then nothing but the request for evidence is sent.
   *
   * @throws ClientError
   */
  static async open<Proof>(
    target: TlsTarget,
    prove: Prove<Proof>,
    maxAnswerBytes: number,
  ): Promise<GrpcConnection<Proof>> {
    const authority = `${target.host}:${target.port}`;
    const socket = await connectTls(target);
    const http2 = await Http2Connection.open(socket, authority);
    try {
      const ask = (body: string): Promise<HttpAnswer> => askEvidence(http2, authority, body, target);
      const proven = await prove(socket, ask, target.signal);
      return new GrpcConnection(http2, authority, proven, maxAnswerBytes);
    } catch (error) {
      http2.destroy();
      throw error;
    }
  }

  get usable(): boolean {
    return this.#http2.usable;
  }

  /**
   * Calls a unary method.
   *
   * @throws ServingError with the status of the call
   * @throws ClientError `unreachable`, `bad-answer`
   */
  async call(path: string, message: Uint8Array, options: CallOptions = {}): Promise<UnaryAnswer> {
    const stream = this.#http2.post(path, {
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-accept-encoding": "identity",
      ...timeoutHeader(options.timeoutMs),
    });
    stream.write(messagePrefix(message.length));
    const limit = this.#maxAnswerBytes + PREFIX_LENGTH;
    const deadline = startDeadline(options.timeoutMs, deadlineExceeded, options.signal);
    try {
      const { signal } = deadline;
      const answer = await exchange(stream, message, { limit, authority: this.#authority, signal });
      return { message: readUnaryAnswer(answer), headers: answer.headers };
    } finally {
      deadline.clear();
    }
  }

  close(): Promise<void> {
    return this.#http2.close();
  }
}

async function askEvidence(
  http2: Http2Connection,
  authority: string,
  body: string,
  { timeoutMs, signal }: TlsTarget,
): Promise<HttpAnswer> {
  const stream = http2.post(EVIDENCE_PATH, { "content-type": "application/json" });
  const deadline = startDeadline(timeoutMs, () => noEvidenceInTime(timeoutMs), signal);
  try {
    const options = { limit: MAX_EVIDENCE_ANSWER, authority, signal: deadline.signal };
    const answer = await exchange(stream, encodeUtf8(body), options);
    return { status: answer.headers[":status"] ?? 0, body: answer.body };
  } finally {
    deadline.clear();
  }
}
