import { invalidArgument, type ServingError } from "../status/serving-error.ts";
import { describeNode } from "./json/describe.ts";
import type { JsonDocument } from "./json/document.ts";
import { JsonList, type JsonNode, NumberBlock, TooDeepNode } from "./json/node.ts";
import type { TensorBuilder } from "./tensor-builder.ts";

const MAX_RANK = 254;

/**
 * Shape of the tensor that a JSON value stands for: the sizes of the list, of its first element, of that one's first
 * element and so on. A value that is no list is a scalar.
 */
export function denseShape(value: JsonNode): readonly number[] {
  const shape: number[] = [];
  let node: JsonNode | undefined = value;
  while (node instanceof JsonList) {
    shape.push(node.items.length);
    node = node.items[0];
  }
  if (node instanceof NumberBlock) {
    shape.push(...node.shape);
  }
  if (node instanceof TooDeepNode || shape.length > MAX_RANK) {
    throw invalidArgument(`JSON value has more than ${MAX_RANK} levels of lists`);
  }
  return shape;
}

/**
 * Adds a value's elements to `builder`, and checks that its lists have `shape` throughout.
 * @throws ServingError INVALID_ARGUMENT, UNIMPLEMENTED
 */
export function fillTensor(
  value: JsonNode,
  shape: readonly number[],
  builder: TensorBuilder,
  document: JsonDocument,
): void {
  fillLevel(value, 0, shape, builder, document);
}

/** Recursion goes no deeper than the rank of a tensor: a list below that is refused. */
function fillLevel(
  node: JsonNode,
  level: number,
  shape: readonly number[],
  builder: TensorBuilder,
  document: JsonDocument,
): void {
  if (node instanceof TooDeepNode) {
    throw unexpectedLevel(level, shape);
  }
  if (node instanceof NumberBlock) {
    fillBlock(node, level, shape, builder, document);
    return;
  }
  if (!(node instanceof JsonList)) {
    expectLeafLevel(node, level, shape, document);
    builder.add(node);
    return;
  }
  expectList(node.items.length, level, shape);
  for (const item of node.items) {
    fillLevel(item, level + 1, shape, builder, document);
  }
}

function fillBlock(
  block: NumberBlock,
  level: number,
  shape: readonly number[],
  builder: TensorBuilder,
  document: JsonDocument,
): void {
  block.shape.forEach((size, depth) => {
    expectList(size, level + depth, shape);
  });
  if (block.size > 0) {
    expectLeafLevel(new NumberBlock([], block.from), level + block.shape.length, shape, document);
  }
  const refused = builder.addBlock(block);
  if (refused >= 0) {
    throw builder.refuseNumber(refused);
  }
}

function expectList(size: number, level: number, shape: readonly number[]): void {
  if (level >= shape.length) {
    throw unexpectedLevel(level, shape);
  }
  if (size !== shape[level]) {
    throw invalidArgument(
      `Encountered list at unexpected size: ${size} at level: ${level} expected size: ${shape[level]}`,
    );
  }
}

function expectLeafLevel(node: JsonNode, level: number, shape: readonly number[], document: JsonDocument): void {
  if (level !== shape.length) {
    const value = describeNode(node, document);
    const found = `found at incorrect level: ${level + 1} in the JSON DOM.`;
    throw invalidArgument(`JSON Value: ${value} ${found} Expected at level: ${shape.length}`);
  }
}

function unexpectedLevel(level: number, shape: readonly number[]): ServingError {
  return invalidArgument(`Encountered list at unexpected level: ${level} expected < ${shape.length}`);
}
