import type { Feature } from "../messages/tensorflow/example.ts";
import { invalidArgument, type ServingError } from "../status/serving-error.ts";
import { base64Text } from "./base64-bytes.ts";
import { FeatureBuilder } from "./feature-builder.ts";
import { typeName } from "./json/describe.ts";
import { JsonList, type JsonNode, NumberBlock } from "./json/node.ts";
import type { NumberTable } from "./json/number-table.ts";

const SMALLEST_INT64 = -(2n ** 63n);
/** RapidJSON reads greater integers as decimals. */
const LARGEST_UINT64 = 2n ** 64n - 1n;

/**
 * A feature of a `tensorflow.Example` from its JSON: a value, or a flat list of values of one kind. Strings and base64
 * objects become bytes, integers and booleans become integers, all other numbers floats. An empty list has no kind.
 * @throws ServingError INVALID_ARGUMENT with TensorFlow Serving's messages
 */
export function featureFromJson(name: string, node: JsonNode, numbers: NumberTable): Feature {
  if (node instanceof NumberBlock) {
    return featureFromNumbers(name, node, numbers);
  }
  const items = node instanceof JsonList ? node.items : [node];
  const builder = new FeatureBuilder(name, items.length);
  for (const item of items) {
    if (item instanceof NumberBlock && item.shape.length === 0) {
      addNumber(builder, item.from, numbers);
    } else {
      addValue(builder, name, item);
    }
  }
  return builder.finish();
}

/** The short way for numbers alone, of which there may be millions. */
function featureFromNumbers(name: string, block: NumberBlock, numbers: NumberTable): Feature {
  if (block.shape.length > 1) {
    throw unexpectedType(name, block);
  }
  const builder = new FeatureBuilder(name, block.size);
  for (let index = block.from; index < block.from + block.size; index++) {
    addNumber(builder, index, numbers);
  }
  return builder.finish();
}

function addNumber(builder: FeatureBuilder, index: number, numbers: NumberTable): void {
  const integer = numbers.bigint(index);
  if (integer === undefined || integer > LARGEST_UINT64 || integer < SMALLEST_INT64) {
    builder.addFloat(numbers.float32(index));
  } else {
    builder.addInteger(integer);
  }
}

function addValue(builder: FeatureBuilder, name: string, node: JsonNode): void {
  const text = base64Text(node);
  if (typeof node === "boolean") {
    builder.addInteger(node ? 1n : 0n);
  } else if (node instanceof Uint8Array) {
    builder.addBytes(node);
  } else if (text === undefined) {
    throw unexpectedType(name, node);
  } else {
    builder.addBase64(text);
  }
}

function unexpectedType(name: string, node: JsonNode): ServingError {
  return invalidArgument(`Feature: ${name} has element with unexpected JSON type: ${typeName(node)}`);
}
