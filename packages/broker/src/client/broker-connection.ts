import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { concatBytes, decodeUtf8 } from "@sealserve/core";
import { OneSocketAgent } from "@sealserve/ra-tls";
import { BrokerError } from "../errors.ts";
import { MAX_BODY_LENGTH } from "../protocol/messages.ts";

/** An answer of the broker. */
export interface BrokerAnswer {
  readonly status: number;
  readonly text: string;
}

/** How to reach a broker. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** PEM of the only authority that the broker's certificate may come from. */
  readonly caPem: string;
  readonly signal: AbortSignal;
}

/** One TLS 1.3 connection to a broker. All requests go over it, or fail. */
export class BrokerConnection {
  readonly socket: TLSSocket;
  readonly #agent: OneSocketAgent;
  readonly #options: ConnectOptions;

  /** Use {@link connectBroker}. */
  constructor(socket: TLSSocket, options: ConnectOptions) {
    this.socket = socket;
    this.#agent = new OneSocketAgent(socket, closedEarly);
    this.#options = options;
  }

  /** Sends a JSON text. Fails as the socket or the signal does, or with a BrokerError. */
  async post(path: string, body: string): Promise<BrokerAnswer> {
    const { host, port, signal } = this.#options;
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const call = request({ agent: this.#agent, host, port, path, method: "POST", headers, signal });
    const responded = once(call, "response");
    call.end(body);
    const [response] = (await responded) as [IncomingMessage];
    return { status: response.statusCode ?? 0, text: await readText(response) };
  }

  close(): void {
    this.#agent.destroy();
    this.socket.destroy();
  }
}

/** Connects by TLS 1.3, with the broker's name and authority checked. Fails as the socket or the signal does. */
export async function connectBroker(options: ConnectOptions): Promise<BrokerConnection> {
  const { host, port, caPem, signal } = options;
  const socket = connect({
    host,
    port,
    ca: caPem,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["http/1.1"],
    // Said here because the environment variable NODE_TLS_REJECT_UNAUTHORIZED, which the host sets, changes the default.
    rejectUnauthorized: true,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  try {
    await once(socket, "secureConnect", { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return new BrokerConnection(socket, options);
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_BODY_LENGTH) {
      throw new BrokerError("broker-answer-invalid", "the broker's answer is too long", {
        expected: `at most ${MAX_BODY_LENGTH} bytes`,
      });
    }
    chunks.push(chunk);
  }
  return decodeUtf8(concatBytes(...chunks));
}

function closedEarly(): BrokerError {
  return new BrokerError("broker-unreachable", "the broker closed the connection before the release was complete");
}
