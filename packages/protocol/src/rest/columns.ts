import { invalidArgument } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { base64Text } from "./base64-bytes.ts";
import { denseShape, fillTensor } from "./dense.ts";
import type { JsonDocument } from "./json/document.ts";
import { type JsonNode, JsonRecord } from "./json/node.ts";
import { TensorBuilder } from "./tensor-builder.ts";

/**
 * Tensors from a value with whole tensors: the tensor itself where there is one, an object with all names where there are
 * several. Other names in the object are ignored.
 * @param types data type of each named tensor
 * @throws ServingError with TensorFlow Serving's messages
 */
export function tensorsFromColumns(
  value: JsonNode,
  types: ReadonlyMap<string, DataType>,
  document: JsonDocument,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const isNamed = value instanceof JsonRecord && base64Text(value) === undefined;
  if (!isNamed && types.size > 1) {
    throw invalidArgument(
      "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map",
    );
  }
  const members = isNamed ? firstMembers(value) : undefined;
  for (const [name, dtype] of types) {
    const column = members === undefined ? value : members.get(name);
    if (column === undefined) {
      throw invalidArgument(`Missing named input: ${name} in 'inputs' object.`);
    }
    tensors.set(name, tensorFromValue(column, dtype, document));
  }
  return tensors;
}

function tensorFromValue(value: JsonNode, dtype: DataType, document: JsonDocument): Tensor {
  const shape = denseShape(value);
  const builder = new TensorBuilder(document, dtype);
  fillTensor(value, shape, builder, document);
  return builder.finish(shape);
}

function firstMembers(record: JsonRecord): Map<string, JsonNode> {
  const members = new Map<string, JsonNode>();
  for (const [name, value] of record.members) {
    if (!members.has(name)) {
      members.set(name, value);
    }
  }
  return members;
}
