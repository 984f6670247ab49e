import type { Server } from "node:net";
import { type Endpoint, formatEndpoint } from "@sealserve/config";
import { type OpenPort, openServerPort } from "@sealserve/ra-tls";
import { ServiceError } from "../errors.ts";

/**
 * Has a server listen.
 * @param member of the configuration that names the port
 * @throws ServiceError `port-unavailable`
 */
export async function listenOn(
  server: Server,
  endpoint: Endpoint,
  { member, onFault }: { readonly member: string; readonly onFault: (error: unknown) => void },
): Promise<OpenPort> {
  try {
    return await openServerPort(server, endpoint, onFault);
  } catch (cause) {
    throw new ServiceError("port-unavailable", `cannot listen on ${formatEndpoint(endpoint)}`, {
      remedy: `stop what listens there, or choose another port at "${member}" in the configuration`,
      cause,
    });
  }
}
