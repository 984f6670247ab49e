import { invalidArgument } from "../status/serving-error.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkTensor } from "../tensor/tensor.ts";
import { type ElementFormat, elementFormat } from "./element-format.ts";
import { JsonWriter } from "./json/writer.ts";
import type { PredictFormat } from "./predict-body.ts";
import { elementsFrom, writeTensor } from "./tensor-json.ts";

interface Output {
  readonly name: string;
  readonly tensor: Tensor;
  readonly format: ElementFormat;
}

/** Outputs of type string whose names end like this are written in base64. */
const BYTES_SUFFIX = "_bytes";

/**
 * The answer to a predict call over REST: `predictions`, a list over the batch, for the row format, or `outputs` for the
 * column format. A single output stands alone, several stand in objects by name. Strings that are not UTF-8 make the
 * result no text: hence bytes.
 * @throws ServingError INVALID_ARGUMENT, with TensorFlow Serving's messages
 */
export function encodePredictAnswer(
  tensors: ReadonlyMap<string, Tensor>,
  format: PredictFormat,
): Uint8Array<ArrayBuffer> {
  if (tensors.size === 0) {
    throw invalidArgument("Cannot convert empty tensor map to JSON");
  }
  const rows = format === "row" ? batchSize(tensors) : undefined;
  const outputs = Array.from(tensors, ([name, tensor]) => {
    checkTensor(tensor);
    return { name, tensor, format: elementFormat(tensor, name.endsWith(BYTES_SUFFIX)) };
  });
  const writer = new JsonWriter();
  writer.startObject();
  if (rows === undefined) {
    writer.name("outputs");
    writeColumns(writer, outputs);
  } else {
    writer.name("predictions");
    writeRows(writer, outputs, rows);
  }
  writer.end();
  return writer.finish();
}

/** The first dimension of all outputs. */
function batchSize(tensors: ReadonlyMap<string, Tensor>): number {
  let batch: number | undefined;
  for (const [name, { shape }] of tensors) {
    const [size] = shape;
    if (size === undefined) {
      throw invalidArgument(`Tensor name: ${name} has no shape information `);
    }
    if (batch !== undefined && size !== batch) {
      throw invalidArgument(`Tensor name: ${name} has inconsistent batch size: ${size} expecting: ${batch}`);
    }
    batch = size;
  }
  return batch ?? 0;
}

function writeRows(writer: JsonWriter, outputs: readonly Output[], rows: number): void {
  writer.startList();
  for (let row = 0; row < rows; row++) {
    writeValues(writer, outputs, (output) => {
      writer.singleLineLists = true;
      writeTensor(writer, output.tensor, output.format, 1, row * elementsFrom(output.tensor, 1));
    });
    writer.singleLineLists = false;
  }
  writer.end();
}

function writeColumns(writer: JsonWriter, outputs: readonly Output[]): void {
  writeValues(writer, outputs, (output) => writeTensor(writer, output.tensor, output.format, 0, 0));
}

/** Writes one output alone, or several in an object. */
function writeValues(writer: JsonWriter, outputs: readonly Output[], write: (output: Output) => void): void {
  const [only, ...others] = outputs;
  if (only !== undefined && others.length === 0) {
    write(only);
    return;
  }
  writer.startObject();
  for (const output of outputs) {
    writer.name(output.name);
    write(output);
  }
  writer.singleLineLists = false;
  writer.end();
}
