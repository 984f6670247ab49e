import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { type Endpoint, formatEndpoint } from "@sealserve/config";
import { BrokerError } from "../errors.ts";
import { systemReason } from "../needed-file.ts";

/** A port that is open. */
export interface OpenPort {
  /** The true address, which differs from the one asked for when its port was 0. */
  readonly address: Endpoint;
  /** No new connections; running conversations get `drainMs` to finish, then all are cut. */
  readonly close: (drainMs: number) => Promise<void>;
}

/** How to open a port. */
export interface PortOptions {
  readonly endpoint: Endpoint;
  /** Member of the configuration that names the port, for messages. */
  readonly member: string;
  /** Told when the system can take no connection; the port stays open. */
  readonly onError: (error: Error) => void;
}

/** Opens the port of a server. @throws BrokerError `port-unavailable` */
export async function openPort(server: Server, { endpoint, member, onError }: PortOptions): Promise<OpenPort> {
  const connections = trackConnections(server);
  try {
    server.listen(endpoint.port, endpoint.host);
    await once(server, "listening");
  } catch (cause) {
    const message = `cannot listen on ${formatEndpoint(endpoint)} (${systemReason(cause)})`;
    throw new BrokerError("port-unavailable", message, {
      remedy: `stop what listens there, or choose another port at "${member}" in the configuration`,
      cause,
    });
  }
  server.on("error", onError);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : endpoint.port;
  return { address: { host: endpoint.host, port }, close: (drainMs) => close(server, connections, drainMs) };
}

function trackConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return open;
}

async function close(server: Server, connections: ReadonlySet<Socket>, drainMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const cut = setTimeout(() => {
    for (const socket of connections) {
      socket.destroy();
    }
  }, drainMs);
  await closed;
  clearTimeout(cut);
}
