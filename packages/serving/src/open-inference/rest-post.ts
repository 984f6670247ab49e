import { encodeUtf8 } from "@sealserve/core";
import {
  encodeInferAnswer,
  type InferResponse,
  invalidArgument,
  type JsonLimits,
  parseIndexBody,
  parseInferBody,
  type RestInferRequest,
} from "@sealserve/protocol";
import type { HttpAnswer, HttpRequest } from "../http/route.ts";
import type { InferenceService } from "./inference-service.ts";
import type { ModelTarget } from "./model-target.ts";

const JSON_LENGTH_HEADER = "inference-header-content-length";

/** A request's body, and the limits of its JSON. */
interface InferBody {
  readonly body: Uint8Array;
  readonly limits: Partial<JsonLimits>;
}

/** Answers a call of infer. @throws ServingError, ProtocolError */
export async function answerInfer(
  service: InferenceService,
  target: ModelTarget,
  body: InferBody,
  { incoming, signal }: Pick<HttpRequest, "incoming" | "signal">,
): Promise<HttpAnswer> {
  const request = readRequest(service, target, body, parseJsonLength(incoming.headers[JSON_LENGTH_HEADER]));
  const response = await service.infer(target, request, { signal, entrypoint: "REST", givesInputs: true });
  return encodeAnswer(response, request);
}

/** Answers Triton's index of the model repository. @throws ServingError */
export function answerIndex(service: InferenceService, body: Uint8Array): HttpAnswer {
  return { status: 200, body: encodeUtf8(JSON.stringify(service.index(parseIndexBody(body)))) };
}

function readRequest(
  service: InferenceService,
  target: ModelTarget,
  { body, limits }: InferBody,
  jsonLength: number | undefined,
): RestInferRequest {
  return jsonLength === 0
    ? { ...service.readRawBody(target, body), isBinary: () => true }
    : parseInferBody(body, jsonLength, limits);
}

function parseJsonLength(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) {
    return undefined;
  }
  if (typeof header !== "string" || !/^\d{1,15}$/.test(header)) {
    throw invalidArgument("Inference-Header-Content-Length is not a number of bytes");
  }
  return Number(header);
}

function encodeAnswer(response: InferResponse, { isBinary }: RestInferRequest): HttpAnswer {
  const { body, jsonLength } = encodeInferAnswer(response, isBinary);
  return jsonLength === undefined
    ? { status: 200, body }
    : {
        status: 200,
        contentType: "application/octet-stream",
        headers: { [JSON_LENGTH_HEADER]: jsonLength },
        body,
      };
}
