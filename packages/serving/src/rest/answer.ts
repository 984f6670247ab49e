import {
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
import type { Call } from "../core/call.ts";
import type { Handler } from "../core/handler.ts";
import type { HttpAnswer } from "../http/route.ts";

/** A REST request without its connection. */
export interface RestRequest {
  readonly call: Exclude<RestCall, { readonly kind: "outside" }>;
  readonly body: Uint8Array;
  /** The `Origin` header. */
  readonly origin: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Answers a call of TensorFlow Serving's REST API over the handler core.
 *
 * @throws ServingError with TensorFlow Serving's messages
 */
export async function answerRest(handler: Handler, { call, body, origin, signal }: RestRequest): Promise<HttpAnswer> {
  switch (call.kind) {
    case "predict":
      return success(await predict(handler, call.model, body, { signal, entrypoint: "REST" }));
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
    default:
      return preflight(origin);
  }
}

async function predict(handler: Handler, model: RestModel, body: Uint8Array, call: Call): Promise<Uint8Array> {
  const spec = specOf(model);
  const parsed = parsePredictBody(body, (name) => inputTypes(handler, spec, name));
  const modelSpec = { ...spec, signatureName: parsed.signatureName };
  const response = await handler.predict({ modelSpec, inputs: parsed.inputs, outputFilter: [] }, call);
  return encodePredictAnswer(response.outputs, parsed.format);
}

function inputTypes(handler: Handler, spec: ModelSpec, signatureName: string): PredictSignature {
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

function preflight(origin: string | undefined): HttpAnswer {
  if (origin === undefined || !/^https?:\/\//.test(origin)) {
    throw new ServingError("FAILED_PRECONDITION", "Origin header is missing in CORS preflight");
  }
  return success(new Uint8Array());
}

function success(body: Uint8Array): HttpAnswer {
  return { status: 200, body };
}
