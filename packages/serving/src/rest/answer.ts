import {
  encodeErrorAnswer,
  encodeMetadataAnswer,
  encodePredictAnswer,
  encodeStatusAnswer,
  GetModelMetadataRequest,
  GetModelStatusRequest,
  ModelSpec,
  type PredictSignature,
  parsePredictBody,
  type RestCall,
  type RestModel,
  ServingError,
  SIGNATURE_DEF_FIELD,
} from "@sealserve/protocol";
import type { ModelHandler } from "../core/handler.ts";

/** A REST request without its connection. */
export interface RestRequest {
  readonly call: RestCall;
  readonly body: Uint8Array;
  /** The `Origin` header. */
  readonly origin: string | undefined;
  readonly signal: AbortSignal;
}

/** What a REST request is answered with. */
export interface RestAnswer {
  readonly status: number;
  /** JSON, or nothing. */
  readonly body: Uint8Array;
}

/**
 * Answers a call of TensorFlow Serving's REST API over the handler core.
 *
 * @throws ServingError with TensorFlow Serving's messages
 */
export async function answerRest(
  handler: ModelHandler,
  { call, body, origin, signal }: RestRequest,
): Promise<RestAnswer> {
  switch (call.kind) {
    case "predict":
      return success(await predict(handler, call.model, body, signal));
    case "status": {
      const request = GetModelStatusRequest.create({ modelSpec: specOf(call.model) });
      return success(encodeStatusAnswer(handler.status(request)));
    }
    case "metadata": {
      const modelSpec = specOf(call.model);
      const request = GetModelMetadataRequest.create({ modelSpec, metadataField: [SIGNATURE_DEF_FIELD] });
      return success(encodeMetadataAnswer(handler.metadata(request)));
    }
    case "classify":
    case "regress":
      throw new ServingError("UNIMPLEMENTED", `This server does not implement ${call.kind}`);
    case "preflight":
      return preflight(origin);
    case "outside":
      break;
  }
  return { status: 404, body: encodeErrorAnswer("Not found") };
}

/** The answer for anything that was thrown. An error without a message has no body. */
export function restFailure(failure: ServingError): RestAnswer {
  return {
    status: failure.httpStatus,
    body: failure.message === "" ? new Uint8Array() : encodeErrorAnswer(failure.message),
  };
}

async function predict(
  handler: ModelHandler,
  model: RestModel,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const spec = specOf(model);
  const parsed = parsePredictBody(body, (name) => inputTypes(handler, spec, name));
  const modelSpec = { ...spec, signatureName: parsed.signatureName };
  const response = await handler.predict({ modelSpec, inputs: parsed.inputs, outputFilter: [] }, signal);
  return encodePredictAnswer(response.outputs, parsed.format);
}

function inputTypes(handler: ModelHandler, spec: ModelSpec, signatureName: string): PredictSignature {
  const signature = handler.signature(spec, signatureName);
  if (signature === undefined) {
    const message = `Serving signature name: "${signatureName}" not found in signature def`;
    throw new ServingError("INVALID_ARGUMENT", message);
  }
  return { inputs: new Map([...signature.inputs].map(([name, { dtype }]) => [name, dtype])) };
}

function specOf(model: RestModel): ModelSpec {
  return ModelSpec.create(model);
}

function preflight(origin: string | undefined): RestAnswer {
  if (origin === undefined || !/^https?:\/\//.test(origin)) {
    throw new ServingError("FAILED_PRECONDITION", "Origin header is missing in CORS preflight");
  }
  return success(new Uint8Array());
}

function success(body: Uint8Array): RestAnswer {
  return { status: 200, body };
}
