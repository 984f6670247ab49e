import type { Signature } from "@sealserve/models";
import {
  DEFAULT_SIGNATURE_KEY,
  encodeClassifyAnswer,
  encodeMetadataAnswer,
  encodePredictAnswer,
  encodeRegressAnswer,
  encodeStatusAnswer,
  GetModelMetadataRequest,
  GetModelStatusRequest,
  type Input,
  type JsonLimits,
  ModelSpec,
  type PredictSignature,
  type RestCall,
  type RestModel,
  ServingError,
  SIGNATURE_DEF_FIELD,
} from "@sealserve/protocol";
import { type Awaitable, mapResult } from "../core/awaitable.ts";
import type { Call } from "../core/call.ts";
import type { Handler } from "../core/handler.ts";
import type { HttpAnswer } from "../http/route.ts";
import { type BodyDecoder, directDecoder } from "./decode/body-decoder.ts";

/** A REST request without its connection. */
export interface RestRequest {
  readonly call: RestCall;
  readonly body: Uint8Array;
  /** The `Origin` header. */
  readonly origin: string | undefined;
  readonly signal: AbortSignal;
  /** Where it came from. */
  readonly address?: string | undefined;
  /** Of the body. */
  readonly limits?: Partial<JsonLimits>;
  /** Decodes the body; without it that is done at once, on this thread. */
  readonly decoder?: BodyDecoder | undefined;
}

type RequestBody = Pick<RestRequest, "address" | "body" | "decoder" | "limits" | "signal">;

/**
 * Answers a call of TensorFlow Serving's REST API over the handler core; at once where the model can.
 *
 * @throws ServingError with TensorFlow Serving's messages
 */
export function answerRest(handler: Handler, request: RestRequest): Awaitable<HttpAnswer> {
  const { call, origin, signal } = request;
  const coreCall: Call = { signal, entrypoint: "REST", givesInputs: true };
  switch (call.kind) {
    case "predict":
      return mapResult(predict(handler, call.model, request, coreCall), success);
    case "classify":
      return classify(handler, call.model, request, coreCall).then(success);
    case "regress":
      return regress(handler, call.model, request, coreCall).then(success);
    case "status": {
      const asked = GetModelStatusRequest.create({ modelSpec: specOf(call.model) });
      return success(encodeStatusAnswer(handler.status(asked)));
    }
    case "metadata": {
      const modelSpec = specOf(call.model);
      const asked = GetModelMetadataRequest.create({ modelSpec, metadataField: [SIGNATURE_DEF_FIELD] });
      return success(encodeMetadataAnswer(handler.metadata(asked)));
    }
    case "preflight":
    default:
      return preflight(origin);
  }
}

function predict(
  handler: Handler,
  model: RestModel,
  { address, body, decoder = directDecoder, limits, signal }: RequestBody,
  call: Call,
): Awaitable<Uint8Array> {
  const spec = specOf(model);
  const parsing = decoder.predict(body, (name) => inputTypes(handler, spec, name), { address, limits, signal });
  return mapResult(parsing, ({ signatureName, inputs, format }) => {
    const answering = handler.predict({ modelSpec: { ...spec, signatureName }, inputs, outputFilter: [] }, call);
    return mapResult(answering, ({ outputs }) => encodePredictAnswer(outputs, format));
  });
}

async function classify(handler: Handler, model: RestModel, body: RequestBody, call: Call): Promise<Uint8Array> {
  const { result } = await handler.classify(await examplesRequest(model, body), call);
  return encodeClassifyAnswer(result ?? { classifications: [] });
}

async function regress(handler: Handler, model: RestModel, body: RequestBody, call: Call): Promise<Uint8Array> {
  const { result } = await handler.regress(await examplesRequest(model, body), call);
  return encodeRegressAnswer(result ?? { regressions: [] });
}

async function examplesRequest(
  model: RestModel,
  { address, body, decoder = directDecoder, limits, signal }: RequestBody,
): Promise<{ modelSpec: ModelSpec; input: Input }> {
  const { signatureName, input } = await decoder.examples(body, { address, limits, signal });
  return { modelSpec: { ...specOf(model), signatureName }, input };
}

/** Of signatures that were asked for. */
const typesOfInputs = new WeakMap<Signature, PredictSignature>();

function inputTypes(handler: Handler, spec: ModelSpec, signatureName: string): PredictSignature {
  const signature = handler.signature(spec, signatureName);
  if (signature === undefined) {
    const name = signatureName || DEFAULT_SIGNATURE_KEY;
    const message = `Serving signature name: "${name}" not found in signature def`;
    throw new ServingError("INVALID_ARGUMENT", message);
  }
  const known = typesOfInputs.get(signature) ?? {
    inputs: new Map(Array.from(signature.inputs, ([input, { dtype }]) => [input, dtype])),
  };
  typesOfInputs.set(signature, known);
  return known;
}

function specOf(model: RestModel): ModelSpec {
  return ModelSpec.create(model);
}

function preflight(origin: string | undefined): HttpAnswer {
  if (origin === undefined || !/^https?:\/\//.test(origin)) {
    throw new ServingError("FAILED_PRECONDITION", "Origin header is missing in CORS preflight");
  }
  return success(new Uint8Array());
}

function success(body: Uint8Array): HttpAnswer {
  return { status: 200, body };
}
