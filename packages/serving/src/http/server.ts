import { createServer, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { ListenAddress } from "@sealserve/ra-tls";
import { countConnections } from "../transport/count-connections.ts";
import type { Front } from "../transport/front.ts";
import { openPort } from "../transport/open-port.ts";
import { type ChannelSecurity, removeTlsMaterial, replaceTlsMaterial, tlsServerOptions } from "../transport/tls.ts";
import { ClientErrors } from "./client-errors.ts";
import { RequestsByConnection } from "./connection-requests.ts";
import { type ExchangeContext, HttpExchange } from "./exchange.ts";

/** How often the timeouts of headers and requests are looked at, milliseconds. */
const TIMEOUT_CHECK_MS = 1000;

/** What an HTTP server needs beside its address. */
export interface HttpServerOptions extends Omit<ExchangeContext, "isClosing" | "goodbyes"> {
  readonly tls: ChannelSecurity;
}

/**
 * Opens an HTTP/1.1 server, over TLS unless plaintext is asked for.
 *
 * @throws NodeError `port-unavailable`, `tls-files-unusable`
 */
export async function openHttpServer<Address extends ListenAddress>(
  address: Address,
  options: HttpServerOptions,
): Promise<Front<Address>> {
  const { limits } = options;
  let closing = false;
  let goodbyes = 0;
  const server = createFor(options);
  const context = { ...options, isClosing: () => closing, goodbyes: () => goodbyes };
  const requests = new RequestsByConnection();
  const clientErrors = new ClientErrors(requests);
  server.on("request", (incoming, response) => {
    new HttpExchange(incoming, response, requests.began(incoming.socket, response), context).answer();
  });
  server.on("clientError", (error, socket) => clientErrors.handle(error, socket));
  const connections = countConnections(server);
  const port = await openPort(server, address, limits, options.log);
  const disconnect = (): void => {
    goodbyes++;
    server.closeIdleConnections();
    port.cutLater(limits.drainTimeoutMs);
  };
  const goodbye = (): void => {
    closing = true;
  };
  return {
    address: port.address,
    connections,
    replaceTls: (tls) => replaceTlsMaterial(server, options.tls, tls),
    refuseTls: () => removeTlsMaterial(server),
    disconnect,
    close: () => port.close(limits.drainTimeoutMs, goodbye),
  };
}

function createFor({ tls, limits }: HttpServerOptions): Server | TlsServer {
  const settings: ServerOptions = {
    maxHeaderSize: limits.maxHeaderBytes,
    // Counts from the handshake for the first request. Node takes none that is longer than that of the whole request.
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.firstRequestTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  };
  return tls === "plaintext"
    ? createServer(settings)
    : createTlsServer({ ...tlsServerOptions(tls, "http/1.1", limits), ...settings });
}
