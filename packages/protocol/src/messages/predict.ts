import { ProtocolError } from "../errors.ts";
import { WireReader } from "../protobuf/wire-reader.ts";
import { wireTypes } from "../protobuf/wire-type.ts";
import { encodeWith, WireWriter } from "../protobuf/wire-writer.ts";
import { ServingError } from "../status/serving-error.ts";
import { FillBudget } from "../tensor/budget.ts";
import type { TensorLimits } from "../tensor/decode.ts";
import type { TensorEncoding } from "../tensor/encode.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ModelSpec } from "./model-spec.ts";
import { readTensorEntry, writeTensorMap } from "./tensor-map.ts";

/** `tensorflow.serving.PredictRequest`. */
export interface PredictRequest {
  readonly modelSpec: ModelSpec | undefined;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Outputs to compute; all when empty. */
  readonly outputFilter: readonly string[];
}

/** `tensorflow.serving.PredictResponse`. */
export interface PredictResponse {
  readonly modelSpec: ModelSpec;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

const requestFields = { modelSpec: 1, inputs: 2, outputFilter: 3 } as const;
const responseFields = { outputs: 1, modelSpec: 2 } as const;

/**
 * A request from the wire.
 * @throws ServingError INVALID_ARGUMENT `tensor parsing error: ALIAS` for a well-formed message with an unreadable tensor
 * @throws ProtocolError for a message that is not well formed or breaks the limits
 */
export function decodePredictRequest(bytes: Uint8Array, limits: Partial<TensorLimits> = {}): PredictRequest {
  const reader = new WireReader(bytes, limits);
  const fill = limits.fill ?? new FillBudget();
  const inputs = new Map<string, Tensor>();
  const outputFilter: string[] = [];
  let modelSpec: ModelSpec | undefined;
  while (reader.next()) {
    const field = reader.wireType === wireTypes.lengthDelimited ? reader.fieldNumber : undefined;
    if (field === requestFields.modelSpec) {
      modelSpec = readModelSpec(reader, modelSpec);
    } else if (field === requestFields.inputs) {
      readTensorEntry(reader, inputs, fill, unreadableTensor);
    } else if (field === requestFields.outputFilter) {
      reader.countElements(1);
      outputFilter.push(reader.string());
    } else {
      reader.skip();
    }
  }
  return { modelSpec, inputs, outputFilter };
}

/** A request for the wire. @throws ProtocolError for a tensor whose parts do not fit together */
export function encodePredictRequest(request: PredictRequest, encoding: TensorEncoding = {}): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  if (request.modelSpec !== undefined) {
    writeModelSpec(writer, requestFields.modelSpec, request.modelSpec);
  }
  writeTensorMap(writer, requestFields.inputs, request.inputs, encoding);
  for (const name of request.outputFilter) {
    writer.tag(requestFields.outputFilter, wireTypes.lengthDelimited).string(name);
  }
  return writer.finish();
}

/** An answer from the wire. @throws ProtocolError for anything unreadable, a missing model_spec included */
export function decodePredictResponse(bytes: Uint8Array, limits: Partial<TensorLimits> = {}): PredictResponse {
  const reader = new WireReader(bytes, limits);
  const fill = limits.fill ?? new FillBudget();
  const outputs = new Map<string, Tensor>();
  let modelSpec: ModelSpec | undefined;
  while (reader.next()) {
    const field = reader.wireType === wireTypes.lengthDelimited ? reader.fieldNumber : undefined;
    if (field === responseFields.modelSpec) {
      modelSpec = readModelSpec(reader, modelSpec);
    } else if (field === responseFields.outputs) {
      readTensorEntry(reader, outputs, fill, (_alias, cause) => cause);
    } else {
      reader.skip();
    }
  }
  if (modelSpec === undefined) {
    throw new ProtocolError("bad-answer", "predict answer does not say which model gave it");
  }
  return { modelSpec, outputs };
}

/**
 * An answer for the wire.
 * @param allocate makes the block for it, all of which is overwritten
 * @throws ProtocolError for a tensor whose parts do not fit together
 */
export function encodePredictResponse(
  response: PredictResponse,
  encoding: TensorEncoding = {},
  allocate?: (length: number) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return encodeWith((writer) => {
    writeTensorMap(writer, responseFields.outputs, response.outputs, encoding);
    writeModelSpec(writer, responseFields.modelSpec, response.modelSpec);
  }, allocate);
}

function unreadableTensor(alias: string, cause: ProtocolError): ServingError {
  return new ServingError("INVALID_ARGUMENT", `tensor parsing error: ${alias}`, { cause });
}

function readModelSpec(reader: WireReader, current: ModelSpec | undefined): ModelSpec {
  const outerEnd = reader.enter();
  const spec = ModelSpec.decodeFrom(reader, current);
  reader.leave(outerEnd);
  return spec;
}

function writeModelSpec(writer: WireWriter, fieldNumber: number, spec: ModelSpec): void {
  writer.tag(fieldNumber, wireTypes.lengthDelimited).delimited((inner) => ModelSpec.encodeTo(inner, spec));
}
