import { parseRestPath } from "@sealserve/protocol";
import type { Handler } from "../core/handler.ts";
import type { HttpAnswer, HttpRequest, HttpRoute } from "../http/route.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { answerRest, type RestRequest } from "./answer.ts";

/** TensorFlow Serving's REST API: all paths below `/v1/`. */
export function restRoute(handler: Handler, limits: Pick<ServingLimits, "restRunTimeoutMs">): HttpRoute {
  return (request) => {
    const { method = "", url = "" } = request.incoming;
    const call = parseRestPath(method, url);
    return call.kind === "outside" ? undefined : answerCall(handler, call, request, limits);
  };
}

async function answerCall(
  handler: Handler,
  call: RestRequest["call"],
  request: HttpRequest,
  { restRunTimeoutMs }: Pick<ServingLimits, "restRunTimeoutMs">,
): Promise<HttpAnswer> {
  const body = await request.receive();
  request.limit(restRunTimeoutMs);
  return await answerRest(handler, { call, body, origin: request.incoming.headers.origin, signal: request.signal });
}
