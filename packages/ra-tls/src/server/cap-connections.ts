import type { Server, Socket } from "node:net";
import { clientNetwork } from "./client-network.ts";
import { type ConnectionCaps, Places } from "./places.ts";

/**
 * Caps the open connections of a server, altogether and of one client (see `client-network.ts`), before any TLS work is done for them. Those beyond a cap are closed at once.
 * @param onRefused told the address of each
 */
export function capConnections(
  server: Server,
  caps: ConnectionCaps,
  onRefused: (address: string) => void = () => undefined,
): void {
  server.maxConnections = caps.maxConnections;
  server.on("drop", (refused) => onRefused(refused?.remoteAddress ?? ""));
  const places = new Places(caps);
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const leave = places.take(clientNetwork(address));
    if (leave === undefined) {
      socket.destroy();
      onRefused(address);
      return;
    }
    socket.once("close", leave);
  });
}
