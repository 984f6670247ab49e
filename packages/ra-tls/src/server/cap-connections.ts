import type { Server, Socket } from "node:net";

/** Caps on the open connections of a server. */
export interface ConnectionCaps {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/**
 * Caps the open connections of a server, before any TLS work is done for them. Those beyond a cap are closed at once.
 * @param onRefused told the address of each
 */
export function capConnections(
  server: Server,
  caps: ConnectionCaps,
  onRefused: (address: string) => void = () => undefined,
): void {
  server.maxConnections = caps.maxConnections;
  server.on("drop", (refused) => onRefused(refused?.remoteAddress ?? ""));
  const openByAddress = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const open = (openByAddress.get(address) ?? 0) + 1;
    if (open > caps.maxConnectionsPerAddress) {
      socket.destroy();
      onRefused(address);
      return;
    }
    openByAddress.set(address, open);
    socket.once("close", () => {
      const left = (openByAddress.get(address) ?? 1) - 1;
      if (left === 0) {
        openByAddress.delete(address);
      } else {
        openByAddress.set(address, left);
      }
    });
  });
}
