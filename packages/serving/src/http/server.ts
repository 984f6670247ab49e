import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Endpoint } from "@sealserve/config";
import { encodeErrorAnswer, servingErrorOf } from "@sealserve/protocol";
import { type Log, logUnexpected } from "../log.ts";
import { CallScope } from "../transport/call-scope.ts";
import type { Front } from "../transport/front.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { openPort } from "../transport/open-port.ts";
import { type TlsIdentity, tlsServerOptions } from "../transport/tls.ts";
import { receiveBody } from "./receive-body.ts";
import { failureAnswer, type HttpAnswer, type HttpRoute } from "./route.ts";

/** Largest sum of header sizes of one request, bytes. */
const MAX_HEADER_SIZE = 16 << 10;
/** How often the timeouts of headers and requests are looked at, milliseconds. */
const TIMEOUT_CHECK_MS = 1000;

/** What an HTTP server needs beside its address. */
export interface HttpServerOptions {
  readonly tls: TlsIdentity;
  /** Asked in order; a request that none of them takes is answered 404. */
  readonly routes: readonly HttpRoute[];
  readonly limits: ServingLimits;
  readonly budget: MemoryBudget;
  readonly log: Log;
}

/**
 * Opens an HTTP/1.1 server over TLS 1.3.
 *
 * @throws NodeError `port-unavailable`
 */
export async function openHttpServer(address: Endpoint, options: HttpServerOptions): Promise<Front> {
  const { limits } = options;
  let closing = false;
  const server = createServer({
    ...tlsServerOptions(options.tls, "http/1.1", limits),
    maxHeaderSize: MAX_HEADER_SIZE,
    // Counts from the handshake for the first request.
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.firstRequestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  });
  server.on("request", (request, response) => void answer(request, response, options, () => closing));
  const port = await openPort(server, address, limits, options.log);
  const goodbye = (): void => {
    closing = true;
  };
  return { address: port.address, close: () => port.close(limits.drainTimeoutMs, goodbye) };
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions,
  isClosing: () => boolean,
): Promise<void> {
  // A broken connection also closes the response, which is what the code below acts on.
  incoming.on("error", () => undefined);
  response.on("error", () => undefined);
  const { status, contentType = "application/json", headers, body } = await answerOf(incoming, response, options);
  if (response.destroyed) {
    return;
  }
  // A body that was refused half way is not read to its end, so its connection cannot be used again.
  response.shouldKeepAlive &&= incoming.complete && !isClosing();
  response.setTimeout(options.limits.stallTimeoutMs, () => incoming.socket.destroy());
  response.writeHead(status, { ...headers, "content-type": contentType, "content-length": body.length });
  response.end(body);
}

async function answerOf(
  incoming: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions,
): Promise<HttpAnswer> {
  try {
    return await askRoutes(incoming, response, options);
  } catch (error) {
    const failure = servingErrorOf(error);
    logUnexpected(failure, options.log);
    return failureAnswer(failure);
  }
}

async function askRoutes(
  incoming: IncomingMessage,
  response: ServerResponse,
  { routes, limits, budget }: HttpServerOptions,
): Promise<HttpAnswer> {
  const scope = new CallScope(response);
  const { signal } = scope;
  let release = (): void => undefined;
  const receive = async (): Promise<Uint8Array> => {
    const body = await receiveBody(incoming, limits, budget, signal);
    release = body.release;
    return body.bytes;
  };
  const request = { incoming, signal, receive, limit: (timeoutMs: number) => scope.limit(timeoutMs) };
  try {
    for (const route of routes) {
      const work = route(request);
      if (work !== undefined) {
        const result = await scope.within(work.finally(() => release()));
        budget.reserveUntilClose(result.body.length, response);
        return result;
      }
    }
    return { status: 404, body: encodeErrorAnswer("Not found") };
  } finally {
    scope.close();
  }
}
