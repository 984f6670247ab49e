import type { IncomingMessage } from "node:http";
import { clientNetwork } from "@sealserve/ra-tls";
import type { Admission } from "../fill.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Answer } from "./answer.ts";
import { Query } from "./query.ts";
import type { RateLimit } from "./rate-limit.ts";
import { receiveBody } from "./receive-body.ts";
import { MethodRefused, RequestError } from "./request-error.ts";
import type { Route } from "./route.ts";
import { findPlace, type Place } from "./router.ts";
import { TOKEN_HEADERS, type TokenGuard } from "./tokens.ts";

/** What requests are answered with. */
export interface DispatchContext extends ServiceContext {
  readonly tokens: TokenGuard;
  /** Bytes. */
  readonly maximumBody: number;
  /** How often a client may present a wrong token. */
  readonly wrongTokens: RateLimit;
  /** How much a client may have begun upstream. */
  readonly misses: RateLimit;
  /** Whether wrong methods and media types are answered with 405 and 415, which Intel's service never sends. */
  readonly strict: boolean;
}

/** A path with its query, taken apart. */
export interface RequestTarget {
  readonly path: string;
  readonly query: string;
}

/** Proxies ask by the whole URL (RFC 9112 section 3.2.2). */
const AUTHORITY = /^https?:\/\/[^/?]*/i;

export function targetOf(url: string): RequestTarget {
  const own = url.replace(AUTHORITY, "");
  const start = own.indexOf("?");
  return start === -1 ? { path: own, query: "" } : { path: own.slice(0, start), query: own.slice(start + 1) };
}

/**
 * Answers a request by the table of routes. The token is judged before anything else is read.
 * @throws RequestError, ServiceError, ProviderError, AttestationError, which `status.ts` knows
 */
export async function dispatch(
  request: IncomingMessage,
  { path, query }: RequestTarget,
  context: DispatchContext,
): Promise<Answer> {
  const place = findPlace(path);
  if (place === undefined) {
    throw unknownPath();
  }
  if (request.method === "OPTIONS") {
    return optionsAnswer(place);
  }
  const route = routeOf(request, place, context);
  const body =
    route.body === undefined
      ? undefined
      : await receiveBody(request, { maximum: context.maximumBody, strict: context.strict });
  const asked = { version: place.version, query: new Query(query), wantsBody: request.method !== "HEAD" };
  return route.handle({ ...asked, body, admission: admissionOf(request, context) }, context);
}

/** What a client may have begun upstream: a few clients must not use up what the vendors grant to all (threat C8). */
export function admissionOf({ socket }: IncomingMessage, { misses }: Pick<DispatchContext, "misses">): Admission {
  return () => {
    if (!misses.take(clientNetwork(socket.remoteAddress), performance.now())) {
      throw new RequestError("too-many-misses", "too many misses of one client");
    }
  };
}

/** The route of a method. Where administrators alone do anything, a stranger does not learn which methods there are. */
function routeOf(request: IncomingMessage, { routes }: Place, context: DispatchContext): Route {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = routes.find((one) => one.method === method);
  const token = route === undefined && routes.every((one) => one.token === "admin") ? "admin" : route?.token;
  if (token !== undefined) {
    expectToken(request, token, context);
  }
  if (route === undefined) {
    throw context.strict ? new MethodRefused(methodsOf(routes)) : unknownPath();
  }
  return route;
}

function expectToken(request: IncomingMessage, kind: "user" | "admin", context: DispatchContext): void {
  const client = clientNetwork(request.socket.remoteAddress);
  if (!context.wrongTokens.allows(client, performance.now())) {
    throw new RequestError("too-many-requests", `too many wrong tokens from ${client}`);
  }
  const given = request.headers[TOKEN_HEADERS[kind]];
  if (!context.tokens.accepts(kind, Array.isArray(given) ? undefined : given)) {
    context.wrongTokens.take(client, performance.now());
    throw new RequestError("unauthenticated", `the ${kind} token is missing or wrong`);
  }
}

function unknownPath(): RequestError {
  return new RequestError("unknown-path", "the path or the method is unknown");
}

function methodsOf(routes: readonly Route[]): string {
  return routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(",");
}

function optionsAnswer({ routes }: Place): Answer {
  const methods = methodsOf(routes);
  return {
    status: 200,
    headers: ["Allow", methods, "Content-Type", "text/html; charset=utf-8"],
    body: Buffer.from(methods),
  };
}
