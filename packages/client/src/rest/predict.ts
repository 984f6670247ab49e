import {
  decodeErrorAnswer,
  decodePredictAnswer,
  encodePredictBody,
  grpcCodeForHttp,
  ModelSpec,
  type PredictFormat,
  type PredictRequest,
  type PredictResponse,
  ServingError,
} from "@sealserve/protocol";
import { deadlineExceeded, startDeadline } from "../connection/deadline.ts";
import { ClientError } from "../errors.ts";
import type { HttpAnswer } from "../evidence/exchange.ts";
import type { CallOptions } from "../options.ts";
import type { RestRequest } from "./connection.ts";
import { readAnsweringSignature } from "./output-types.ts";

/** How a prediction over REST is asked for. */
export interface RestPredictOptions extends CallOptions {
  /** `column`, the default, takes tensors of any shape; `row` needs the same first dimension in all of them. */
  readonly format?: PredictFormat | undefined;
}

/**
 * Predicts over REST. JSON does not carry the outputs' data types: they come from the model's metadata, asked for on the
 * same connection.
 *
 * @throws ServingError with the status of the call
 * @throws ClientError `unreachable`, `bad-answer`
 */
export async function predictOverRest(
  connection: { send(rest: RestRequest): Promise<HttpAnswer> },
  request: PredictRequest & { readonly modelSpec: ModelSpec },
  options: RestPredictOptions,
): Promise<PredictResponse> {
  if (request.outputFilter.length > 0) {
    throw new ServingError("UNIMPLEMENTED", "The REST API has no output filter");
  }
  const { modelSpec: spec } = request;
  const path = modelPath(spec);
  const deadline = startDeadline(options.timeoutMs, deadlineExceeded, options.signal);
  const send = (rest: RestRequest): Promise<HttpAnswer> => connection.send({ ...rest, signal: deadline.signal });
  try {
    const metadata = await send({ method: "GET", path: `${path}/metadata` });
    const signature = readAnsweringSignature(bodyOf(metadata), spec.signatureName);
    const { signatureName, version } = signature;
    const body = encodePredictBody(request.inputs, { format: options.format ?? "column", signatureName });
    const answer = bodyOf(await send({ method: "POST", path: `${path}:predict`, body }));
    const modelSpec = ModelSpec.create({ name: spec.name, version, signatureName });
    return { modelSpec, outputs: decodePredictAnswer(answer, signature.outputs) };
  } finally {
    deadline.clear();
  }
}

function modelPath({ name, version, versionLabel }: ModelSpec): string {
  const model = `/v1/models/${encodeURIComponent(name)}`;
  if (version !== undefined) {
    return `${model}/versions/${version}`;
  }
  return versionLabel === undefined ? model : `${model}/labels/${encodeURIComponent(versionLabel)}`;
}

/** @throws ServingError for an error answer */
function bodyOf({ status, body }: HttpAnswer): Uint8Array {
  if (status === 200) {
    return body;
  }
  const code = grpcCodeForHttp(status);
  if (code === "OK") {
    throw new ClientError("bad-answer", "the server's answer is neither a success nor an error");
  }
  throw new ServingError(code, decodeErrorAnswer(body));
}
