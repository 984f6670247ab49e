import { denseShape, fillTensor } from "../rest/dense.ts";
import { type JsonDocument, parseJsonObject } from "../rest/json/document.ts";
import type { JsonLimits } from "../rest/json/limits.ts";
import type { JsonNode } from "../rest/json/node.ts";
import type { NumberStorage } from "../rest/json/number-storage.ts";
import { exactConversions } from "../rest/number-conversion.ts";
import { TensorBuilder } from "../rest/tensor-builder.ts";
import { invalidArgument } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { BinaryTail } from "./binary-tail.ts";
import { contentsMember, dataTypeOf } from "./datatype.ts";
import { type InferRequest, SIGNATURE_PARAMETER } from "./infer-call.ts";
import { booleanOf, itemsOf, type Members, membersOf, sizeOf, sizesOf, textOf } from "./json-fields.ts";
import { decodeRawTensor } from "./raw-tensor.ts";

/** Which outputs of an answer are sent as binary data behind the JSON. Data alone, so that it can cross between threads. */
export interface BinaryChoice {
  readonly byName: ReadonlyMap<string, boolean>;
  /** Of outputs that are not named. */
  readonly others: boolean;
}

export function isBinary({ byName, others }: BinaryChoice, output: string): boolean {
  return byName.get(output) ?? others;
}

/** A call of infer over REST. */
export interface RestInferRequest extends InferRequest {
  readonly binary: BinaryChoice;
}

const wanted = new Set(["id", "parameters", "inputs", "outputs"]);

/**
 * The body of `POST /v2/models/NAME/infer`: a JSON object, and behind it the bytes of inputs with a `binary_data_size`.
 * @param jsonLength bytes of the JSON, from the header Inference-Header-Content-Length; undefined when all of it is JSON
 * @param storage where the numbers are put while the body is read
 * @throws ServingError INVALID_ARGUMENT, ProtocolError
 */
export function parseInferBody(
  body: Uint8Array,
  jsonLength: number | undefined,
  limits: Partial<JsonLimits> = {},
  storage?: NumberStorage,
): RestInferRequest {
  const tail = new BinaryTail(body, jsonLength, limits.maxNodes);
  const document = parseJsonObject(tail.json, wanted, limits, storage);
  const { members } = document;
  const parameters = membersOf(members.get("parameters"), "parameters");
  const inputs = parseInputs(itemsOf(members.get("inputs"), "inputs"), document, tail);
  tail.expectEnd();
  return {
    id: textOf(members.get("id"), "id"),
    signatureName: textOf(parameters.get(SIGNATURE_PARAMETER), `parameters.${SIGNATURE_PARAMETER}`),
    inputs,
    ...parseOutputs(itemsOf(members.get("outputs"), "outputs"), parameters),
  };
}

function parseInputs(
  items: readonly JsonNode[],
  document: JsonDocument,
  tail: BinaryTail,
): ReadonlyMap<string, Tensor> {
  const inputs = new Map<string, Tensor>();
  items.forEach((item, index) => {
    const what = `inputs[${index}]`;
    const input = membersOf(item, what);
    const name = textOf(input.get("name"), `${what}.name`);
    if (name === "" || inputs.has(name)) {
      throw invalidArgument(`${what} has ${name === "" ? "no name" : "the name of another input"}`);
    }
    inputs.set(name, parseTensor(input, what, document, tail));
  });
  return inputs;
}

function parseTensor(input: Members, what: string, document: JsonDocument, tail: BinaryTail): Tensor {
  const dtype = dataTypeOf(textOf(input.get("datatype"), `${what}.datatype`));
  const shape = sizesOf(input.get("shape"), document, `${what}.shape`);
  const parameters = membersOf(input.get("parameters"), `${what}.parameters`);
  const binarySize = sizeOf(parameters.get("binary_data_size"), document, `${what}.parameters.binary_data_size`);
  const data = input.get("data");
  if (binarySize === undefined) {
    return tensorFromJson(data, dtype, shape, what, document);
  }
  if (data !== undefined) {
    throw invalidArgument(`${what} has both data and a binary_data_size`);
  }
  return decodeRawTensor(dtype, shape, tail.take(binarySize, what), tail.strings);
}

/** Elements in one flat list, or in lists by the shape. */
function tensorFromJson(
  data: JsonNode | undefined,
  dtype: DataType,
  shape: readonly number[],
  what: string,
  document: JsonDocument,
): Tensor {
  if (data === undefined) {
    throw invalidArgument(`${what} has neither data nor a binary_data_size`);
  }
  if (contentsMember(dtype) === undefined) {
    throw invalidArgument(`${what} is of a datatype that JSON cannot carry; send it as binary data`);
  }
  const given = denseShape(data);
  const isFlat = given.length === 1 && given[0] === elementCount(shape);
  if (!isFlat && given.join() !== shape.join()) {
    throw invalidArgument(`${what}.data is neither a flat list of the shape's size nor nested by the shape`);
  }
  const builder = new TensorBuilder(document, dtype, exactConversions);
  fillTensor(data, given, builder, document);
  return builder.finish(shape);
}

function parseOutputs(
  items: readonly JsonNode[],
  requestParameters: Members,
): Pick<RestInferRequest, "outputs" | "binary"> {
  const all = booleanOf(requestParameters.get("binary_data_output"), "parameters.binary_data_output");
  const choices = new Map<string, boolean>();
  items.forEach((item, index) => {
    const what = `outputs[${index}]`;
    const output = membersOf(item, what);
    const name = textOf(output.get("name"), `${what}.name`);
    if (name === "" || choices.has(name)) {
      throw invalidArgument(`${what} has ${name === "" ? "no name" : "the name of another output"}`);
    }
    const choice = membersOf(output.get("parameters"), `${what}.parameters`).get("binary_data");
    choices.set(name, choice === undefined ? all : booleanOf(choice, `${what}.parameters.binary_data`));
  });
  return { outputs: [...choices.keys()], binary: { byName: choices, others: all } };
}
