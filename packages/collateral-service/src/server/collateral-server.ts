import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { capConnections, clientNetwork } from "@sealserve/ra-tls";
import type { Answer } from "../http/answer.ts";
import type { AnswerCache } from "../http/answer-cache.ts";
import { admissionOf, type DispatchContext, dispatch, targetOf } from "../http/dispatch.ts";
import { failureAnswer } from "../http/failure-answer.ts";
import { findOpenRoute, type OpenRoute } from "../http/open-route.ts";
import { RateLimit } from "../http/rate-limit.ts";
import { RequestError } from "../http/request-error.ts";
import { isVersion3 } from "../http/router.ts";
import { sendAnswer, version3Headers } from "../http/send.ts";
import type { ServiceLimits } from "./limits.ts";
import type { TlsMaterial } from "./tls-material.ts";

/** What the server works with. */
export interface ServerContext extends DispatchContext {
  readonly cache: AnswerCache;
  readonly limits: ServiceLimits;
  readonly tls: TlsMaterial;
  /** Paths outside the protocol, such as `/health`. */
  readonly openRoutes: readonly OpenRoute[];
  /** Whether connections end with the answer that is on its way. */
  readonly isStopping: () => boolean;
  /** Told of each answer, for metrics; must be quick. */
  readonly onAnswer: (status: number, fromCache: boolean) => void;
  /** Told of what went wrong here, as opposed to what a caller did wrong. */
  readonly onFault: (error: unknown) => void;
}

const MAXIMUM_HEADERS = 16 * 1024;

/** An HTTPS server that answers as Intel's PCCS does. It does not listen yet. */
export function createCollateralServer(context: ServerContext): Server {
  const { limits, tls } = context;
  const requests = new RateLimit({ perSecond: limits.requestsPerSecond, burst: limits.requestBurst });
  const server = createServer(
    {
      ...tls,
      minVersion: "TLSv1.2",
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      handshakeTimeout: limits.headersTimeoutMs,
      maxHeaderSize: MAXIMUM_HEADERS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      if (context.isStopping()) {
        response.shouldKeepAlive = false;
      }
      if (!sendReady(request, response, context)) {
        void answerRequest(request, response, requests, context);
      }
    },
  );
  capConnections(server, limits);
  return server;
}

/** Sends an answer that is ready, without looking further. */
function sendReady(
  request: IncomingMessage,
  response: ServerResponse,
  { cache, now, onAnswer }: ServerContext,
): boolean {
  if (request.method !== "GET") {
    return false;
  }
  const ready = cache.find(request.url as string, now().getTime());
  if (ready === undefined) {
    return false;
  }
  sendAnswer(request, response, ready);
  onAnswer(ready.status, true);
  return true;
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  requests: RateLimit,
  context: ServerContext,
): Promise<void> {
  const target = targetOf(request.url ?? "");
  const headers = isVersion3(target.path) ? version3Headers : [];
  let answer: Answer;
  try {
    if (!requests.take(clientNetwork(request.socket.remoteAddress), performance.now())) {
      throw new RequestError("too-many-requests", "too many requests of one client");
    }
    answer = await prepare(request, target, context);
  } catch (error) {
    answer = failureAnswer(error);
    if (answer.status >= 500 && !(error instanceof RequestError)) {
      context.onFault(error);
    }
  }
  if (!response.writable) {
    return; // the caller has gone
  }
  if (!request.complete || context.isStopping()) {
    response.shouldKeepAlive = false; // the rest of its body is not read, or nothing comes after it
  }
  sendAnswer(request, response, answer, answer.reusableUntil === undefined ? headers : []);
  context.onAnswer(answer.status, false);
}

async function prepare(
  request: IncomingMessage,
  target: ReturnType<typeof targetOf>,
  context: ServerContext,
): Promise<Answer> {
  const open = findOpenRoute(context.openRoutes, target.path);
  if (open !== undefined && (request.method === "GET" || request.method === "HEAD")) {
    return open.handle({ ...target, admission: admissionOf(request, context) });
  }
  const { cache, now } = context;
  const asked = { state: cache.state, from: now().getTime() };
  const made = await dispatch(request, target, context);
  if (made.reusableUntil === undefined) {
    return made;
  }
  const answer = isVersion3(target.path) ? { ...made, headers: [...version3Headers, ...made.headers] } : made;
  if (request.method === "GET") {
    cache.keep(request.url as string, answer, asked);
  }
  return answer;
}
