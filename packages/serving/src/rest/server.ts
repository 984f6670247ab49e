import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { TLSSocket } from "node:tls";
import type { Endpoint } from "@sealserve/config";
import { encodeUtf8 } from "@sealserve/core";
import { parseRestPath, servingErrorOf } from "@sealserve/protocol";
import { EVIDENCE_PATH } from "@sealserve/ra-tls";
import type { ModelHandler } from "../core/handler.ts";
import { answerEvidenceRequest } from "../evidence/http-answer.ts";
import type { EvidenceIssuer } from "../evidence/issuer.ts";
import { type Log, logUnexpected } from "../log.ts";
import { CallScope } from "../transport/call-scope.ts";
import type { Front } from "../transport/front.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { openPort } from "../transport/open-port.ts";
import { type TlsIdentity, tlsServerOptions } from "../transport/tls.ts";
import { answerRest, type RestAnswer, restFailure } from "./answer.ts";
import { receiveBody } from "./receive-body.ts";

/** Largest sum of header sizes of one request, bytes. */
const MAX_HEADER_SIZE = 16 << 10;
/** How often the timeouts of headers and requests are looked at, milliseconds. */
const TIMEOUT_CHECK_MS = 1000;

/** What a REST server needs beside its address. */
export interface RestServerOptions {
  readonly tls: TlsIdentity;
  readonly handler: ModelHandler;
  readonly limits: ServingLimits;
  readonly budget: MemoryBudget;
  readonly log: Log;
  readonly evidence: EvidenceIssuer;
}

/**
 * Opens the REST server over TLS 1.3: TensorFlow Serving's paths, and requests for evidence.
 *
 * @throws NodeError `port-unavailable`
 */
export async function openRestServer(address: Endpoint, options: RestServerOptions): Promise<Front> {
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
  request: IncomingMessage,
  response: ServerResponse,
  options: RestServerOptions,
  isClosing: () => boolean,
): Promise<void> {
  // A broken connection also closes the response, which is what the code below acts on.
  request.on("error", () => undefined);
  response.on("error", () => undefined);
  const { status, body } = await answerOf(request, response, options);
  if (response.destroyed) {
    return;
  }
  // A body that was refused half way is not read to its end, so its connection cannot be used again.
  response.shouldKeepAlive &&= request.complete && !isClosing();
  response.setTimeout(options.limits.stallTimeoutMs, () => request.socket.destroy());
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

async function answerOf(
  request: IncomingMessage,
  response: ServerResponse,
  options: RestServerOptions,
): Promise<RestAnswer> {
  if (request.method === "POST" && request.url === EVIDENCE_PATH && request.socket instanceof TLSSocket) {
    const { evidence, limits, log } = options;
    const { status, body } = await answerEvidenceRequest(request, request.socket, evidence, limits, log);
    return { status, body: encodeUtf8(body) };
  }
  try {
    return await answerCall(request, response, options);
  } catch (error) {
    const failure = servingErrorOf(error);
    logUnexpected(failure, options.log);
    return restFailure(failure);
  }
}

async function answerCall(
  request: IncomingMessage,
  response: ServerResponse,
  { handler, limits, budget }: RestServerOptions,
): Promise<RestAnswer> {
  const call = parseRestPath(request.method ?? "", request.url ?? "");
  const scope = new CallScope(response);
  try {
    const { bytes, release } = await receiveBody(request, limits, budget, scope.signal);
    scope.limit(limits.restRunTimeoutMs);
    const { signal } = scope;
    const work = answerRest(handler, { call, body: bytes, origin: request.headers.origin, signal }).finally(release);
    const result = await scope.within(work);
    budget.reserveUntilClose(result.body.length, response);
    return result;
  } finally {
    scope.close();
  }
}
