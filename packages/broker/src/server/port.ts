import type { Server } from "node:net";
import { type Endpoint, formatEndpoint } from "@sealserve/config";
import { type OpenPort, openServerPort } from "@sealserve/ra-tls";
import { BrokerError } from "../errors.ts";
import { systemReason } from "../needed-file.ts";

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
  try {
    return await openServerPort(server, endpoint, onError);
  } catch (cause) {
    const message = `cannot listen on ${formatEndpoint(endpoint)} (${systemReason(cause)})`;
    throw new BrokerError("port-unavailable", message, {
      remedy: `stop what listens there, or choose another port at "${member}" in the configuration`,
      cause,
    });
  }
}
