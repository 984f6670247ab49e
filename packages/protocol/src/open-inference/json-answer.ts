import { concatBytes } from "@sealserve/core";
import { elementFormat } from "../rest/element-format.ts";
import { quoteText } from "../rest/json/quote.ts";
import { JsonWriter } from "../rest/json/writer.ts";
import { invalidArgument } from "../status/serving-error.ts";
import { checkTensor, type Tensor } from "../tensor/tensor.ts";
import { contentsMember, outputDatatype } from "./datatype.ts";
import type { InferResponse } from "./infer-call.ts";
import { type BinaryChoice, isBinary } from "./json-infer.ts";
import { encodeRawTensor } from "./raw-tensor.ts";

/** The body of an answer to infer. */
export interface InferAnswer {
  readonly body: Uint8Array;
  /** Bytes of the JSON when binary data follow it; undefined when the body is JSON alone. */
  readonly jsonLength: number | undefined;
}

/**
 * The answer to `POST /v2/models/NAME/infer`: the elements of each output in one flat list, or as bytes behind the JSON.
 * @throws ServingError INVALID_ARGUMENT for an output that JSON cannot carry, UNIMPLEMENTED for one that the protocol cannot
 */
export function encodeInferAnswer(response: InferResponse, choice: BinaryChoice): InferAnswer {
  const tail: Uint8Array[] = [];
  const writer = new JsonWriter();
  writer.singleLineLists = true;
  writer.startObject();
  writeText(writer, "model_name", response.modelName);
  writeText(writer, "model_version", response.modelVersion);
  if (response.id !== "") {
    writeText(writer, "id", response.id);
  }
  writer.name("outputs");
  writer.startList();
  for (const [name, tensor] of response.outputs) {
    const binary = isBinary(choice, name) ? encodeRawTensor(tensor) : undefined;
    writeOutput(writer, name, tensor, binary);
    tail.push(...(binary === undefined ? [] : [binary]));
  }
  writer.end();
  writer.end();
  const json = writer.finish();
  return tail.length === 0
    ? { body: json, jsonLength: undefined }
    : { body: concatBytes(json, ...tail), jsonLength: json.length };
}

function writeOutput(writer: JsonWriter, name: string, tensor: Tensor, binary: Uint8Array | undefined): void {
  writer.startObject();
  writeText(writer, "name", name);
  writeText(writer, "datatype", outputDatatype(name, tensor.dtype));
  writer.name("shape");
  writer.startList();
  for (const size of tensor.shape) {
    writer.raw(`${size}`);
  }
  writer.end();
  if (binary === undefined) {
    writer.name("data");
    writeElements(writer, name, tensor);
  } else {
    writer.name("parameters");
    writer.raw(`{"binary_data_size": ${binary.length}}`);
  }
  writer.end();
}

function writeElements(writer: JsonWriter, name: string, tensor: Tensor): void {
  checkTensor(tensor);
  if (contentsMember(tensor.dtype) === undefined) {
    throw invalidArgument(`Output ${name} is of a datatype that JSON cannot carry; ask for it as binary data`);
  }
  const format = elementFormat(tensor, false);
  writer.startList();
  for (let index = 0; index < tensor.data.length; index++) {
    const json = format(index);
    if (typeof json !== "string") {
      throw invalidArgument(`Output ${name} is not UTF-8; ask for it as binary data`);
    }
    writer.raw(json);
  }
  writer.end();
}

function writeText(writer: JsonWriter, name: string, text: string): void {
  writer.name(name);
  writer.raw(quoteText(text));
}
