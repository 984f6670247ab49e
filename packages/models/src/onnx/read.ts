import { encodeUtf8, equalBytes } from "@sealserve/core";
import type { DataType } from "@sealserve/protocol";
import { DEFAULT_SIGNATURE_KEY } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";
import { PREDICT_METHOD, type Signature, type SignatureTensor } from "../signature.ts";
import { checkModel } from "./check-graph.ts";
import { elementType, isPacked } from "./element-type.ts";
import { ExternalData } from "./external-data.ts";
import { guardElements } from "./guard-elements.ts";
import { type GraphProto, ModelProto, type ValueInfoProto } from "./schema.ts";

/** Marks a file of the engine's other format (flatbuffers), which nothing here checks. It stands behind four bytes. */
const ORT_FORMAT_MARK = encodeUtf8("ORTM");
const ORT_FORMAT_MARK_AT = 4;

/** What serving has to know of an ONNX model. */
export interface OnnxModel {
  readonly signatures: Map<string, Signature>;
  /** What the engine is given of it (see {@link guardElements}). */
  readonly model: Uint8Array;
}

/** The signatures of {@link parseOnnxModel}. @throws ModelError as that does */
export function parseOnnxSignatures(...model: Parameters<typeof parseOnnxModel>): Map<string, Signature> {
  return parseOnnxModel(...model).signatures;
}

/**
 * An ONNX model after all checks. It has one signature, `serving_default`, that takes the graph's inputs without its
 * initialisers and gives its tensor outputs.
 * @param external files beside the model; none by default
 * @throws ModelError when the bytes are not an ONNX model, or the model is refused (see `checkModel`)
 */
export function parseOnnxModel(
  bytes: Uint8Array,
  external = new ExternalData(new Map<string, Uint8Array>()),
): OnnxModel {
  if (equalBytes(bytes.subarray(ORT_FORMAT_MARK_AT, ORT_FORMAT_MARK_AT + ORT_FORMAT_MARK.length), ORT_FORMAT_MARK)) {
    throw new ModelError("bad-onnx", "the file is marked as a model in ORT format", {
      expected: "an ONNX protobuf, whose fifth to eighth byte are not ORTM",
    });
  }
  const model = refuseMalformed("bad-onnx", "ONNX model", () => ModelProto.decode(bytes));
  const graph = checkModel(model, external);
  return {
    signatures: new Map([[DEFAULT_SIGNATURE_KEY, describeGraph(graph)]]),
    model: guardElements(bytes, model),
  };
}

function describeGraph(graph: GraphProto): Signature {
  const initialised = new Set([
    ...graph.initializer.map(({ name }) => name),
    ...graph.sparseInitializer.map(({ values }) => values?.name),
  ]);
  const inputs = graph.input.filter(({ name }) => !initialised.has(name)).map(describeInput);
  const outputs = graph.output.filter(isTensor).map(describeTensor);
  if (outputs.length === 0) {
    throw new ModelError("unsupported-type", "no output of the ONNX model is a tensor", {
      expected: "one at least: sequences and maps cannot be answered with",
    });
  }
  return { methodName: PREDICT_METHOD, inputs: new Map(inputs), outputs: new Map(outputs), defaults: new Map() };
}

function describeInput(value: ValueInfoProto): [string, SignatureTensor] {
  if (!isTensor(value)) {
    throw new ModelError("unsupported-type", `input ${JSON.stringify(value.name)} of the ONNX model is not a tensor`);
  }
  return describeTensor(value);
}

function isTensor(value: ValueInfoProto): boolean {
  return value.type?.tensorType !== undefined;
}

function describeTensor({ name, type }: ValueInfoProto): [string, SignatureTensor] {
  const shape = type?.tensorType?.shape?.dim.map(({ dimValue }) => (dimValue === undefined ? -1 : Number(dimValue)));
  return [name, { dtype: describeType(name, type?.tensorType?.elemType), shape, tensorName: name }];
}

function describeType(name: string, number: number | undefined): DataType {
  const type = number === undefined ? undefined : elementType(number);
  if (type === undefined || isPacked(type)) {
    throw new ModelError("unsupported-type", `value ${JSON.stringify(name)} of the ONNX model has type ${number}`);
  }
  return type.dtype;
}
