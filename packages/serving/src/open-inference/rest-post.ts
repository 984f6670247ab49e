import { encodeUtf8 } from "@sealserve/core";
import {
  encodeInferAnswer,
  type InferResponse,
  invalidArgument,
  type JsonLimits,
  parseIndexBody,
  type RestInferRequest,
} from "@sealserve/protocol";
import type { HttpAnswer, HttpRequest } from "../http/route.ts";
import type { BodyDecoder, DecodeOptions } from "../rest/decode/body-decoder.ts";
import type { InferenceService } from "./inference-service.ts";
import type { ModelTarget } from "./model-target.ts";

const JSON_LENGTH_HEADER = "inference-header-content-length";

/** A request's body, the limits of its JSON and what decodes it. */
interface InferBody {
  readonly body: Uint8Array;
  readonly limits: Partial<JsonLimits>;
  readonly decoder: BodyDecoder;
}

/** Answers a call of infer. @throws ServingError, ProtocolError */
export async function answerInfer(
  service: InferenceService,
  target: ModelTarget,
  body: InferBody,
  { incoming, signal }: Pick<HttpRequest, "incoming" | "signal">,
): Promise<HttpAnswer> {
  const jsonLength = parseJsonLength(incoming.headers[JSON_LENGTH_HEADER]);
  const { remoteAddress: address } = incoming.socket;
  const request =
    jsonLength === 0 ? readRaw(service, target, body.body) : await readJson(body, jsonLength, { address, signal });
  const response = await service.infer(target, request, { signal, entrypoint: "REST", givesInputs: true });
  return encodeAnswer(response, request);
}

/** Answers Triton's index of the model repository. @throws ServingError */
export function answerIndex(service: InferenceService, body: Uint8Array): HttpAnswer {
  return { status: 200, body: encodeUtf8(JSON.stringify(service.index(parseIndexBody(body)))) };
}

/** A body that is nothing but a tensor, which is answered alike. */
function readRaw(service: InferenceService, target: ModelTarget, body: Uint8Array): RestInferRequest {
  return { ...service.readRawBody(target, body), binary: { byName: new Map(), others: true } };
}

async function readJson(
  { body, limits, decoder }: InferBody,
  jsonLength: number | undefined,
  asked: Pick<DecodeOptions, "address" | "signal">,
): Promise<RestInferRequest> {
  return await decoder.infer(body, jsonLength, { ...asked, limits });
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

function encodeAnswer(response: InferResponse, { binary }: RestInferRequest): HttpAnswer {
  const { body, jsonLength } = encodeInferAnswer(response, binary);
  return jsonLength === undefined
    ? { status: 200, body }
    : {
        status: 200,
        contentType: "application/octet-stream",
        headers: { [JSON_LENGTH_HEADER]: jsonLength },
        body,
      };
}
