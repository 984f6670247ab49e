import type { Server } from "node:net";
import { type Endpoint, formatEndpoint } from "@sealserve/config";
import { capConnections, type OpenPort, openServerPort } from "@sealserve/ra-tls";
import { NodeError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ServingLimits } from "./limits.ts";

/**
 * Opens the port of a server, with the caps on its connections.
 *
 * @throws NodeError `port-unavailable`
 */
export async function openPort(server: Server, endpoint: Endpoint, limits: ServingLimits, log: Log): Promise<OpenPort> {
  capConnections(server, limits);
  try {
    return await openServerPort(server, endpoint, (error) =>
      log("accept-failed", { code: codeOf(error) ?? error.name }),
    );
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
