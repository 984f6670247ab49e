import { type GrpcCodeName, isRestTarget, parseRestPath, type RestCall, servingErrorOf } from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";
import type { Handler } from "../core/handler.ts";
import type { HttpAnswer, HttpRequest, HttpRoute } from "../http/route.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { answerRest } from "./answer.ts";
import type { BodyDecoder } from "./decode/body-decoder.ts";

/** What the REST API does beyond its default. */
export interface RestRouteOptions {
  /** Whether pages of any origin may read its answers: `--rest_api_enable_cors_support`. Off by default. */
  readonly cors?: boolean;
  readonly observer?: RestObserver;
  /** Decodes bodies; without it that is done on the thread of the server. */
  readonly decoder?: BodyDecoder;
}

/** Is told of every call that runs a model, when it has been answered. */
export interface RestObserver {
  /** @param verb predict, classify or regress */
  answeredRest(verb: string, model: string, code: GrpcCodeName, ms: number): void;
}

type RestLimits = Pick<ServingLimits, "maxElements" | "restRunTimeoutMs">;

const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "POST, GET",
  "access-control-allow-headers": "Content-Type",
} as const;

/** TensorFlow Serving's REST API: all paths below `/v1/`. */
export function restRoute(handler: Handler, limits: RestLimits, options: RestRouteOptions = {}): HttpRoute {
  return (request) => {
    if (!isRestTarget(request.incoming.url ?? "")) {
      return undefined;
    }
    if (options.cors === true) {
      Object.entries(CORS_HEADERS).forEach(([name, value]) => {
        request.setHeader(name, value);
      });
    }
    return answerCall(handler, request, limits, options);
  };
}

async function answerCall(
  handler: Handler,
  request: HttpRequest,
  { maxElements, restRunTimeoutMs }: RestLimits,
  { decoder, observer }: RestRouteOptions,
): Promise<HttpAnswer> {
  const { method = "", url = "", headers, socket } = request.incoming;
  const call = parseRestPath(method, url);
  const body = await request.receive();
  const { signal } = request;
  const limits = { maxNodes: maxElements };
  const address = socket.remoteAddress;
  const ask = (): Awaitable<HttpAnswer> => {
    const answer = answerRest(handler, { call, body, origin: headers.origin, signal, address, limits, decoder });
    if (answer instanceof Promise) {
      request.limit(restRunTimeoutMs);
    }
    return answer;
  };
  return observer === undefined ? ask() : observe(ask, call, observer);
}

async function observe(ask: () => Awaitable<HttpAnswer>, call: RestCall, observer: RestObserver): Promise<HttpAnswer> {
  if (call.kind !== "predict" && call.kind !== "classify" && call.kind !== "regress") {
    return ask();
  }
  const startedAt = performance.now();
  let code: GrpcCodeName = "OK";
  try {
    const answer = ask();
    return answer instanceof Promise ? await answer : answer;
  } catch (error) {
    ({ code } = servingErrorOf(error));
    throw error;
  } finally {
    observer.answeredRest(call.kind, call.model.name, code, performance.now() - startedAt);
  }
}
