import { type InferencePath, isInferenceTarget, parseInferencePath, ServingError } from "@sealserve/protocol";
import type { Health } from "../health/health.ts";
import { failureAnswer, type HttpAnswer, type HttpRequest, type HttpRoute } from "../http/route.ts";
import { type BodyDecoder, directDecoder } from "../rest/decode/body-decoder.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { InferenceService } from "./inference-service.ts";
import { answerGet } from "./rest-get.ts";
import { answerIndex, answerInfer } from "./rest-post.ts";

/** What the REST form of the Open Inference Protocol stands on. */
export interface InferenceRouteOptions {
  readonly service: InferenceService;
  readonly health: Health;
  readonly limits: Pick<ServingLimits, "maxElements" | "restRunTimeoutMs">;
  /** Decodes bodies; without it that is done on the thread of the server. */
  readonly decoder?: BodyDecoder;
}

/** The Open Inference Protocol over REST: all paths at and below `/v2`. */
export function inferenceRoute(options: InferenceRouteOptions): HttpRoute {
  return (request) => {
    const { url = "" } = request.incoming;
    return isInferenceTarget(url) ? answer(parseInferencePath(url), request, options) : undefined;
  };
}

async function answer(
  path: InferencePath | undefined,
  request: HttpRequest,
  { service, health, limits, decoder = directDecoder }: InferenceRouteOptions,
): Promise<HttpAnswer> {
  const body = await request.receive();
  request.limit(limits.restRunTimeoutMs);
  if (path === undefined) {
    throw new ServingError("NOT_FOUND", "The Open Inference Protocol has no such path");
  }
  const expected = path.kind === "infer" || path.kind === "index" ? "POST" : "GET";
  if (request.incoming.method !== expected) {
    return wrongMethod(expected);
  }
  if (path.kind === "infer") {
    return await answerInfer(service, path, { body, limits: { maxNodes: limits.maxElements }, decoder }, request);
  }
  return path.kind === "index" ? answerIndex(service, body) : answerGet(service, health, path);
}

function wrongMethod(expected: string): HttpAnswer {
  const failure = failureAnswer(new ServingError("UNIMPLEMENTED", `This path is for ${expected} requests`));
  return { ...failure, status: 405, headers: { allow: expected } };
}
