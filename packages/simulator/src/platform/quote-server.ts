import { createServer, type Server, type Socket } from "node:net";
import { SealserveError } from "@sealserve/core";
import {
  decodePlatformRequest,
  encodePlatformResponse,
  type PlatformResponse,
  readMessageLine,
} from "@sealserve/platform";
import { listenPrivately } from "./unix-socket.ts";

/** Makes a quote over 64 bytes of report data. */
export type QuoteSource = (reportData: Uint8Array) => Promise<Uint8Array>;

const MAXIMUM_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Answers one request for a quote on each connection of a private unix socket. Callers choose the report data and
 * nothing else: what runs was measured when the platform started.
 * @returns ends the server and removes its socket
 */
export async function startQuoteServer(socketPath: string, quote: QuoteSource): Promise<() => Promise<void>> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => socket.destroy());
    void answer(socket, quote);
  });
  server.maxConnections = MAXIMUM_CONNECTIONS;
  const removeSocket = await listenPrivately(server, socketPath);
  return async () => {
    await removeSocket();
    for (const socket of connections) {
      socket.destroy();
    }
    await closed(server);
  };
}

async function answer(socket: Socket, quote: QuoteSource): Promise<void> {
  const response = await respond(socket, quote);
  if (!socket.destroyed) {
    socket.end(encodePlatformResponse(response), () => socket.destroy());
  }
}

async function respond(socket: Socket, quote: QuoteSource): Promise<PlatformResponse> {
  try {
    const request = decodePlatformRequest(await readMessageLine(socket, { timeoutMs: REQUEST_TIMEOUT_MS }));
    return { quote: await quote(request.quote.reportData) };
  } catch (error) {
    return error instanceof SealserveError
      ? { error: { code: error.code, message: error.message } }
      : { error: { code: "internal", message: "the simulated platform failed" } };
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
