import { once } from "node:events";
import type { Server, Socket } from "node:net";

/** Where a server listens. */
export interface PortAddress {
  readonly host: string;
  readonly port: number;
}

/** A Unix socket that a server listens on. */
export interface SocketAddress {
  readonly path: string;
}

/** Where a server can listen. */
export type ListenAddress = PortAddress | SocketAddress;

/** A port or Unix socket that is open. */
export interface OpenPort<Address extends ListenAddress = PortAddress> {
  /** With the true port, which differs from the one asked for when that was 0. */
  readonly address: Address;
  /** Cuts those of the connections open now that still are after `ms`. */
  cutLater(ms: number): void;
  /**
   * Takes no more connections and waits until all have ended; those that have not after `drainMs` are cut.
   *
   * @param goodbye asks the connections to end
   */
  close(drainMs: number, goodbye?: () => void): Promise<void>;
}

/**
 * Opens the port or Unix socket of a server.
 *
 * @param onError told when the system can take no connection, for lack of file descriptors say; the port stays open
 * @throws the system's error when the port cannot be had
 */
export async function openServerPort<Address extends ListenAddress>(
  server: Server,
  address: Address,
  onError: (error: Error) => void,
): Promise<OpenPort<Address>> {
  const connections = trackConnections(server);
  server.listen({ ...address });
  await once(server, "listening");
  server.on("error", onError);
  const bound = server.address();
  return {
    address: typeof bound === "object" && bound !== null ? { ...address, port: bound.port } : address,
    cutLater: (ms) => {
      const now = [...connections];
      setTimeout(() => cutAll(now), ms).unref();
    },
    close: async (drainMs, goodbye) => {
      const closed = once(server, "close");
      server.close();
      goodbye?.();
      const cut = setTimeout(() => cutAll(connections), drainMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function trackConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return open;
}

function cutAll(connections: Iterable<Socket>): void {
  for (const socket of connections) {
    socket.destroy();
  }
}
