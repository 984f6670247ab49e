import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { type Endpoint, formatEndpoint } from "@sealserve/config";
import { NodeError } from "../errors.ts";
import type { Log } from "../log.ts";

/** A port that is open. */
export interface OpenPort {
  /** With the true port, which differs from the one asked for when that was 0. */
  readonly address: Endpoint;
  /**
   * Takes no more connections and waits until all have ended; those that have not after `drainTimeoutMs` are cut.
   *
   * @param goodbye asks the connections to end
   */
  close(drainTimeoutMs: number, goodbye: () => void): Promise<void>;
}

/**
 * Opens the port of a server.
 *
 * @throws NodeError `port-unavailable`
 */
export async function openPort(
  server: Server,
  endpoint: Endpoint,
  maxConnections: number,
  log: Log,
): Promise<OpenPort> {
  const sockets = new Set<Socket>();
  server.maxConnections = maxConnections;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await listen(server, endpoint);
  // A connection that cannot be accepted, for lack of file descriptors say, must not end the node.
  server.on("error", (error) => log("accept-failed", { code: codeOf(error) ?? error.name }));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : endpoint.port;
  return {
    address: { host: endpoint.host, port },
    close: async (drainTimeoutMs, goodbye) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      goodbye();
      const cut = setTimeout(() => {
        for (const socket of sockets) {
          socket.destroy();
        }
      }, drainTimeoutMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

async function listen(server: Server, endpoint: Endpoint): Promise<void> {
  try {
    server.listen(endpoint.port, endpoint.host);
    await once(server, "listening");
  } catch (cause) {
    throw new NodeError("port-unavailable", `cannot listen on ${formatEndpoint(endpoint)}`, {
      actual: codeOf(cause),
      remedy: "choose a free port of an address of this machine",
      cause,
    });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
