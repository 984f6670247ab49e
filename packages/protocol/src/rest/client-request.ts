import { ProtocolError } from "../errors.ts";
import { ServingError } from "../status/serving-error.ts";
import { checkTensor, type Tensor } from "../tensor/tensor.ts";
import { type ElementFormat, elementFormat } from "./element-format.ts";
import { quoteText } from "./json/quote.ts";
import { JsonWriter } from "./json/writer.ts";
import type { PredictFormat } from "./predict-body.ts";
import { elementsFrom, writeTensor } from "./tensor-json.ts";

/** How {@link encodePredictBody} writes a request. */
export interface PredictBodyOptions {
  /** `column`, the default, takes tensors of any shape; `row` needs the same first dimension in all of them. */
  readonly format?: PredictFormat;
  /** The model's default signature when absent. */
  readonly signatureName?: string;
}

interface Input {
  readonly name: string;
  readonly tensor: Tensor;
  readonly format: ElementFormat;
}

/**
 * The body of a predict call over REST. Numbers are written so that the server reads the same ones; strings in base64, so
 * that all bytes get through.
 * @throws ProtocolError `unsupported-dtype` for types that the REST API cannot carry, `bad-tensor` for tensors that do not
 *   make a batch
 */
export function encodePredictBody(
  inputs: ReadonlyMap<string, Tensor>,
  options: PredictBodyOptions = {},
): Uint8Array<ArrayBuffer> {
  const values = Array.from(inputs, ([name, tensor]) => ({ name, tensor, format: inputFormat(tensor) }));
  const writer = new JsonWriter();
  writer.singleLineLists = true;
  writer.startObject();
  if (options.signatureName !== undefined) {
    writer.name("signature_name");
    writer.raw(quoteText(options.signatureName));
  }
  if (options.format === "row") {
    writer.name("instances");
    writeRows(writer, values);
  } else {
    writer.name("inputs");
    writeObject(writer, values, 0, 0);
  }
  writer.end();
  return writer.finish();
}

function inputFormat(tensor: Tensor): ElementFormat {
  checkTensor(tensor);
  try {
    return elementFormat(tensor, true);
  } catch (cause) {
    if (cause instanceof ServingError) {
      throw new ProtocolError("unsupported-dtype", `the REST API cannot carry tensors of type ${tensor.dtype}`, {
        remedy: "use gRPC",
        cause,
      });
    }
    throw cause;
  }
}

function writeRows(writer: JsonWriter, inputs: readonly Input[]): void {
  const [rows, ...others] = new Set(inputs.map(({ tensor }) => tensor.shape[0]));
  if (rows === undefined || others.length > 0) {
    throw new ProtocolError("bad-tensor", "tensors do not make a batch: their first dimensions differ, or are missing");
  }
  writer.startList();
  for (let row = 0; row < rows; row++) {
    writeObject(writer, inputs, 1, row);
  }
  writer.end();
}

function writeObject(writer: JsonWriter, inputs: readonly Input[], dimension: number, row: number): void {
  writer.startObject();
  for (const { name, tensor, format } of inputs) {
    writer.name(name);
    writeTensor(writer, tensor, format, dimension, row * elementsFrom(tensor, dimension));
  }
  writer.end();
}
