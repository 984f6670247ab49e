import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { encodeErrorAnswer, servingErrorOf } from "@sealserve/protocol";
import type { ListenAddress } from "@sealserve/ra-tls";
import { type Log, logUnexpected } from "../log.ts";
import { tracePart } from "../tracing/current-trace.ts";
import type { Tracer } from "../tracing/tracer.ts";
import { CallScope } from "../transport/call-scope.ts";
import { countConnections } from "../transport/count-connections.ts";
import type { Front } from "../transport/front.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { openPort } from "../transport/open-port.ts";
import type { RequestRate } from "../transport/request-rate.ts";
import { type ChannelSecurity, removeTlsMaterial, replaceTlsMaterial, tlsServerOptions } from "../transport/tls.ts";
import { ClientErrors } from "./client-errors.ts";
import { receiveBody } from "./receive-body.ts";
import { failureAnswer, type HttpAnswer, type HttpRequest, type HttpRoute } from "./route.ts";
import { sendAnswer } from "./send-answer.ts";
import { UnansweredRequests } from "./unanswered.ts";

/** How often the timeouts of headers and requests are looked at, milliseconds. */
const TIMEOUT_CHECK_MS = 1000;

/** What an HTTP server needs beside its address. */
export interface HttpServerOptions {
  readonly tls: ChannelSecurity;
  /** Asked in order; a request that none of them takes is answered 404. */
  readonly routes: readonly HttpRoute[];
  readonly limits: ServingLimits;
  readonly budget: MemoryBudget;
  /** Shared by all ports; without it any number of requests may come. */
  readonly rate?: RequestRate;
  readonly log: Log;
  /** Traces requests; undefined when traces are off. */
  readonly tracer?: Tracer | undefined;
}

/** The options with what the server adds to them. */
interface ServerContext extends HttpServerOptions {
  readonly unanswered: UnansweredRequests;
  isClosing(): boolean;
  /** How often the connections were told to end. */
  goodbyes(): number;
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
  const context = {
    ...options,
    unanswered: new UnansweredRequests(limits),
    isClosing: () => closing,
    goodbyes: () => goodbyes,
  };
  const clientErrors = new ClientErrors();
  server.on("request", (request, response) => {
    clientErrors.began(request, response);
    void answer(request, response, context);
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
    // Counts from the handshake for the first request.
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.firstRequestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  };
  return tls === "plaintext"
    ? createServer(settings)
    : createTlsServer({ ...tlsServerOptions(tls, "http/1.1", limits), ...settings });
}

async function answer(incoming: IncomingMessage, response: ServerResponse, context: ServerContext): Promise<void> {
  // A broken connection also closes the response, which is what the code below acts on.
  incoming.on("error", () => undefined);
  response.on("error", () => undefined);
  const goodbyes = context.goodbyes();
  const { tracer } = context;
  const ask = async (): Promise<HttpAnswer> => await answerOf(incoming, response, context);
  const answered = await (tracer === undefined ? ask() : tracer.http(incoming, ask));
  if (!response.destroyed) {
    const keepAlive = !context.isClosing() && context.goodbyes() === goodbyes;
    await sendAnswer(incoming, response, answered, { keepAlive, limits: context.limits });
  }
}

async function answerOf(
  incoming: IncomingMessage,
  response: ServerResponse,
  context: ServerContext,
): Promise<HttpAnswer> {
  try {
    context.unanswered.admit(incoming.socket, response);
    context.rate?.admit(incoming.socket);
    return await askRoutes(incoming, response, context);
  } catch (error) {
    const failure = servingErrorOf(error);
    logUnexpected(failure, context.log);
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
    const body = await tracePart("receive", () => receiveBody(incoming, limits, budget, scope));
    release = body.release;
    return body.bytes;
  };
  const request: HttpRequest = {
    incoming,
    signal,
    receive,
    setHeader: (name, value) => void response.setHeader(name, value),
    limit: (timeoutMs) => scope.limit(timeoutMs),
  };
  try {
    for (const route of routes) {
      const work = route(request);
      if (work !== undefined) {
        const result = await scope.within(work.finally(() => release()));
        budget.reserveUntilClose(result.body.length, scope);
        return result;
      }
    }
    return { status: 404, body: encodeErrorAnswer("Not found") };
  } finally {
    scope.close();
  }
}
