import { ProtocolError } from "../errors.ts";
import { ServingError } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tensorsFromColumns } from "./columns.ts";
import { type JsonDocument, parseJsonObject } from "./json/document.ts";
import type { JsonLimits } from "./json/limits.ts";
import { decodeName } from "./json/name.ts";
import { JsonList, type JsonNode, NumberBlock } from "./json/node.ts";
import { tensorsFromRows } from "./rows.ts";

const members: ReadonlySet<string> = new Set(["predictions", "outputs", "error"]);

/**
 * The outputs in the answer to a predict call over REST, of either format.
 * @param types data type of each output, from the model's metadata: JSON does not tell, nor the name of a single output
 * @throws ProtocolError `bad-answer`
 */
export function decodePredictAnswer(
  bytes: Uint8Array,
  types: ReadonlyMap<string, DataType>,
  limits: Partial<JsonLimits> = {},
): Map<string, Tensor> {
  return reading(() => {
    const document = parseJsonObject(bytes, members, limits);
    const predictions = document.members.get("predictions");
    const outputs = document.members.get("outputs");
    if (predictions !== undefined && outputs === undefined) {
      return outputsFromRows(predictions, types, document);
    }
    if (outputs !== undefined && predictions === undefined) {
      return tensorsFromColumns(outputs, types, document);
    }
    throw new ProtocolError("bad-answer", "predict answer does not have exactly one of predictions and outputs");
  });
}

/** The message of an error answer over REST. @throws ProtocolError `bad-answer` when the body is not one */
export function decodeErrorAnswer(bytes: Uint8Array, limits: Partial<JsonLimits> = {}): string {
  return reading(() => {
    const error = parseJsonObject(bytes, members, limits).members.get("error");
    if (!(error instanceof Uint8Array)) {
      throw new ProtocolError("bad-answer", "error answer has no message");
    }
    return decodeName(error);
  });
}

function outputsFromRows(
  predictions: JsonNode,
  types: ReadonlyMap<string, DataType>,
  document: JsonDocument,
): Map<string, Tensor> {
  const isBlock = predictions instanceof NumberBlock && predictions.shape.length > 0;
  if (!isBlock && !(predictions instanceof JsonList)) {
    throw new ProtocolError("bad-answer", "predictions are not a list");
  }
  if (isBlock && predictions.shape[0] === 0) {
    return new Map(Array.from(types, ([name, dtype]) => [name, emptyBatch(dtype, document)]));
  }
  return tensorsFromRows(predictions, types, document);
}

/** Of an empty batch only the first dimension is known. */
function emptyBatch(dtype: DataType, document: JsonDocument): Tensor {
  const tensors = tensorsFromColumns(new NumberBlock([0], 0), new Map([["", dtype]]), document);
  return tensors.get("") as Tensor;
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ServingError) {
      throw new ProtocolError("bad-answer", "answer of the model server is not what was expected", { cause });
    }
    throw cause;
  }
}
