import { isRestTarget, parseRestPath } from "@sealserve/protocol";
import type { Handler } from "../core/handler.ts";
import type { HttpAnswer, HttpRequest, HttpRoute } from "../http/route.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { answerRest } from "./answer.ts";

/** What the REST API does beyond its default. */
export interface RestRouteOptions {
  /** Whether pages of any origin may read its answers: `--rest_api_enable_cors_support`. Off by default. */
  readonly cors?: boolean;
}

type RestLimits = Pick<ServingLimits, "restRunTimeoutMs">;

const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "POST, GET",
  "access-control-allow-headers": "Content-Type",
} as const;

/** TensorFlow Serving's REST API: all paths below `/v1/`. */
export function restRoute(handler: Handler, limits: RestLimits, { cors = false }: RestRouteOptions = {}): HttpRoute {
  return (request) => {
    if (!isRestTarget(request.incoming.url ?? "")) {
      return undefined;
    }
    if (cors) {
      Object.entries(CORS_HEADERS).forEach(([name, value]) => {
        request.setHeader(name, value);
      });
    }
    return answerCall(handler, request, limits);
  };
}

async function answerCall(
  handler: Handler,
  request: HttpRequest,
  { restRunTimeoutMs }: RestLimits,
): Promise<HttpAnswer> {
  const { method = "", url = "", headers } = request.incoming;
  const call = parseRestPath(method, url);
  const body = await request.receive();
  request.limit(restRunTimeoutMs);
  return await answerRest(handler, { call, body, origin: headers.origin, signal: request.signal });
}
