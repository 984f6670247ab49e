/** The clients of the provisioning figure, in a process of their own: a fixed number at a time, each a fresh handshake. */
import { connect, createSecureContext, type SecureContext } from "node:tls";
import type { ClientIdentity } from "./provisioning-identities.ts";

/** What the clients are to do. */
export interface LoadOrder {
  readonly port: number;
  readonly caPem: string;
  /** Taken in turn. */
  readonly clients: readonly ClientIdentity[];
  readonly count: number;
  /** Bytes that a client must get; with 0 it sends no request. */
  readonly answerLength: number;
}

/** What came of an order. */
export interface LoadReport {
  readonly slowestMs: number;
}

const CONCURRENCY = 16;
const REQUEST = "SECRET_PROVISION_RA_TLS_REQUEST_V1\0";

process.on("message", (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report));
});

/** A client's key and certificate are read once: real clients are other programs, whose start is not measured here. */
const contexts = new Map<string, SecureContext>();

async function run(order: LoadOrder): Promise<LoadReport> {
  let next = 0;
  let slowestMs = 0;
  const worker = async (): Promise<void> => {
    while (next < order.count) {
      const start = performance.now();
      await converse(order, next++);
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { slowestMs };
}

function converse({ port, caPem, clients, answerLength }: LoadOrder, index: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const client = clients[index % clients.length] as ClientIdentity;
  const secureContext = contexts.get(client.cert) ?? createSecureContext({ ca: caPem, ...client });
  contexts.set(client.cert, secureContext);
  const options = { host: "127.0.0.1", port, servername: "localhost", checkServerIdentity: () => undefined };
  const socket = connect({ ...options, secureContext });
  let received = 0;
  socket.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
  });
  socket.on("error", reject);
  socket.on("close", () =>
    received === answerLength ? resolve() : reject(new Error(`got ${received} bytes, not ${answerLength}`)),
  );
  if (answerLength > 0) {
    socket.write(REQUEST);
  }
  return promise;
}
