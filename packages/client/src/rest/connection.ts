import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { TLSSocket } from "node:tls";
import { EVIDENCE_PATH, OneSocketAgent } from "@sealserve/ra-tls";
import { collect } from "../connection/collect.ts";
import { startDeadline } from "../connection/deadline.ts";
import { connectTls, type TlsTarget } from "../connection/tls.ts";
import { Turns } from "../connection/turns.ts";
import { ClientError } from "../errors.ts";
import { type HttpAnswer, MAX_EVIDENCE_ANSWER, noEvidenceInTime, type Prove } from "../evidence/exchange.ts";

/** One REST request. */
export interface RestRequest {
  readonly method: "GET" | "POST";
  /** Such as `/v1/models/half_plus_two:predict`. */
  readonly path: string;
  /** JSON. */
  readonly body?: string | Uint8Array | undefined;
  /** Cancels the request; its reason is thrown. The connection is lost with it. */
  readonly signal?: AbortSignal | undefined;
}

/** What it was answered with. */
export interface RestAnswer extends HttpAnswer {
  readonly headers: IncomingHttpHeaders;
}

/** A REST connection whose other end has proved what it is. It never reconnects. */
export class RestConnection<Proof> {
  readonly proven: Proof;
  readonly #channel: RestChannel;
  readonly #maxAnswerBytes: number;

  private constructor(channel: RestChannel, proven: Proof, maxAnswerBytes: number) {
    this.#channel = channel;
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
  ): Promise<RestConnection<Proof>> {
    const socket = await connectTls(target);
    const channel = new RestChannel(socket, `${target.host}:${target.port}`);
    try {
      const ask = (body: string): Promise<HttpAnswer> => askEvidence(channel, body, target);
      const proven = await prove(socket, ask, target.signal);
      return new RestConnection(channel, proven, maxAnswerBytes);
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /** Whether requests can be sent: false once the connection is closed. */
  get usable(): boolean {
    return this.#channel.usable;
  }

  /** @throws ClientError `unreachable`, `bad-answer` */
  send(rest: RestRequest): Promise<RestAnswer> {
    return this.#channel.send(rest, this.#maxAnswerBytes);
  }

  close(): void {
    this.#channel.close();
  }
}

/** HTTP/1.1 over one TLS connection. */
class RestChannel {
  readonly #socket: TLSSocket;
  readonly #agent: OneSocketAgent;
  readonly #authority: string;
  /** The agent would strand requests that wait for a connection which then breaks: no more than one is given to it. */
  readonly #turns = new Turns();

  constructor(socket: TLSSocket, authority: string) {
    this.#socket = socket;
    this.#agent = new OneSocketAgent(socket, () => new ClientError("unreachable", "the attested connection is closed"));
    this.#authority = authority;
  }

  get usable(): boolean {
    return this.#socket.writable;
  }

  send(rest: RestRequest, limit: number): Promise<RestAnswer> {
    return this.#turns.take(() => this.#exchange(rest, limit), rest.signal);
  }

  async #exchange({ method, path, body, signal }: RestRequest, limit: number): Promise<RestAnswer> {
    const bytes = Buffer.from(body ?? "");
    const headers = { host: this.#authority, "content-type": "application/json", "content-length": bytes.length };
    const outgoing = request({
      agent: this.#agent,
      method,
      path,
      headers,
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once("response", resolve).on("error", reject).end(bytes);
      });
      const { statusCode = 0, headers: received } = incoming;
      return { status: statusCode, headers: received, body: await collect(incoming, limit) };
    } catch (cause) {
      outgoing.destroy();
      signal?.throwIfAborted();
      throw cause instanceof ClientError ? cause : this.#broken(cause);
    }
  }

  #broken(cause: unknown): ClientError {
    const actual = cause instanceof Error ? cause.message : undefined;
    return new ClientError("unreachable", `the connection to ${this.#authority} broke`, { actual, cause });
  }

  close(): void {
    this.#agent.destroy();
    this.#socket.destroy();
  }
}

async function askEvidence(channel: RestChannel, body: string, { timeoutMs, signal }: TlsTarget): Promise<HttpAnswer> {
  const deadline = startDeadline(timeoutMs, () => noEvidenceInTime(timeoutMs), signal);
  try {
    return await channel.send(
      { method: "POST", path: EVIDENCE_PATH, body, signal: deadline.signal },
      MAX_EVIDENCE_ANSWER,
    );
  } finally {
    deadline.clear();
  }
}
