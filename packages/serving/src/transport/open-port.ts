import type { Server } from "node:net";
import { formatEndpoint } from "@sealserve/config";
import { capConnections, type ListenAddress, type OpenPort, openServerPort } from "@sealserve/ra-tls";
import { NodeError } from "../errors.ts";
import type { Log } from "../log.ts";
import { systemCodeOf } from "../system-code.ts";
import type { ServingLimits } from "./limits.ts";
import { clearStaleSocket, withSocketMode } from "./unix-socket.ts";

/**
 * Opens the port or Unix socket of a server, with the caps on its connections.
 *
 * @throws NodeError `port-unavailable`
 */
export async function openPort<Address extends ListenAddress>(
  server: Server,
  address: Address,
  limits: ServingLimits,
  log: Log,
): Promise<OpenPort<Address>> {
  capConnections(server, limits);
  const acceptFailed = (error: Error): void => log("accept-failed", { code: systemCodeOf(error) ?? error.name });
  try {
    if ("path" in address) {
      await clearStaleSocket(address.path);
      return await withSocketMode(() => openServerPort(server, address, acceptFailed));
    }
    return await openServerPort(server, address, acceptFailed);
  } catch (cause) {
    throw new NodeError("port-unavailable", `cannot listen on ${formatAddress(address)}`, {
      actual: systemCodeOf(cause),
      remedy:
        "path" in address
          ? "choose a path in a folder that this user can write to, where nothing else is"
          : "choose a free port of an address of this machine",
      cause,
    });
  }
}

/** `HOST:PORT`, or `unix:PATH` as gRPC names a Unix socket. */
export function formatAddress(address: ListenAddress): string {
  return "path" in address ? `unix:${address.path}` : formatEndpoint(address);
}
