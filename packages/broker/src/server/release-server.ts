import { constants } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { TLSSocket } from "node:tls";
import { capConnections, RaTlsError } from "@sealserve/ra-tls";
import type { CurrentHoldings } from "../holdings.ts";
import { MAX_BODY_LENGTH } from "../protocol/messages.ts";
import type { ReleaseDesk } from "../release/release-desk.ts";
import { type Answer, errorAnswer } from "./answer.ts";
import { ChallengeBook } from "./challenge-book.ts";
import type { BrokerLimits } from "./limits.ts";
import { BodyTooLarge, readBody } from "./request-body.ts";
import type { RouteContext } from "./route.ts";
import { findRoute } from "./routes.ts";
import type { TlsIdentity } from "./tls-identity.ts";

const MAX_HEADER_LENGTH = 8 * 1024;
const CHECK_INTERVAL_MS = 1000;

/** What {@link createReleaseServer} needs. */
export interface ReleaseServerOptions {
  readonly identity: TlsIdentity;
  readonly desk: ReleaseDesk;
  readonly holdings: Pick<CurrentHoldings, "models">;
  readonly limits: BrokerLimits;
  readonly now: () => Date;
}

/**
 * The server of Sealserve's own protocol: HTTP/1.1 over TLS 1.3, nothing older. No session is resumed, so that every
 * connection has a handshake, and an exporter, of its own.
 */
export function createReleaseServer({ identity, desk, holdings, limits, now }: ReleaseServerOptions): Server {
  const context = { desk, holdings, challenges: new ChallengeBook({ lifeMs: limits.challengeLifeMs, now }) };
  const server = createServer({
    ...identity,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ALPNProtocols: ["http/1.1"],
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: limits.handshakeTimeoutMs,
    maxHeaderSize: MAX_HEADER_LENGTH,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, limits.headersTimeoutMs),
  });
  capConnections(server, limits);
  const requests = new WeakMap<object, number>();
  server.on("request", (request, response) => {
    const count = (requests.get(request.socket) ?? 0) + 1;
    requests.set(request.socket, count);
    if (count === limits.maxRequestsPerConnection) {
      response.setHeader("Connection", "close");
    }
    // Requests behind that one are not looked at: the connection ends with its answer.
    if (count <= limits.maxRequestsPerConnection) {
      void respond(request, response, context);
    }
  });
  return server;
}

async function respond(request: IncomingMessage, response: ServerResponse, context: RouteContext): Promise<void> {
  const answer = await answerTo(request, context).catch(answerToFailure);
  if (!request.complete) {
    // The rest of the request is not wanted.
    response.setHeader("Connection", "close");
  }
  response.writeHead(answer.status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(answer.body),
    "Cache-Control": "no-store",
  });
  response.end(answer.body);
}

async function answerTo(request: IncomingMessage, context: RouteContext): Promise<Answer> {
  const route = findRoute(request.method, request.url);
  const { socket } = request;
  if (route === undefined || !(socket instanceof TLSSocket)) {
    return errorAnswer("not-found");
  }
  // Taken before the body is read: a release whose body never comes whole has used its challenge too.
  const challenge = route.access === "attested" ? context.challenges.take(socket) : undefined;
  const peer = `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;
  const routeRequest = { socket, peer, body: await readBody(request, MAX_BODY_LENGTH) };
  return route.access === "attested"
    ? route.handle(routeRequest, context, challenge ?? { state: "none" })
    : route.handle(routeRequest, context);
}

function answerToFailure(error: unknown): Answer {
  if (error instanceof BodyTooLarge) {
    return errorAnswer("body-too-large");
  }
  return errorAnswer(error instanceof RaTlsError ? "bad-request" : "internal");
}
