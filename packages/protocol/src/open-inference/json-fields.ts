import { decodeUtf8 } from "@sealserve/core";
import type { JsonDocument } from "../rest/json/document.ts";
import { JsonList, type JsonNode, JsonRecord, NumberBlock } from "../rest/json/node.ts";
import { invalidArgument } from "../status/serving-error.ts";

/** Members of a JSON object by name. */
export type Members = ReadonlyMap<string, JsonNode>;

/**
 * Members of an object, each once; none when it is absent.
 * @param what names the value in messages; nothing of the request itself comes into them
 * @throws ServingError INVALID_ARGUMENT
 */
export function membersOf(node: JsonNode | undefined, what: string): Members {
  if (node === undefined) {
    return new Map();
  }
  if (!(node instanceof JsonRecord)) {
    throw invalidArgument(`${what} is not an object`);
  }
  const members = new Map(node.members);
  if (members.size !== node.members.length) {
    throw invalidArgument(`${what} has a member twice`);
  }
  return members;
}

/** Elements of a list; none when it is absent. @throws ServingError INVALID_ARGUMENT */
export function itemsOf(node: JsonNode | undefined, what: string): readonly JsonNode[] {
  if (node === undefined || (node instanceof NumberBlock && node.shape[0] === 0)) {
    return [];
  }
  if (!(node instanceof JsonList)) {
    throw invalidArgument(`${what} is not a list of objects`);
  }
  return node.items;
}

/** A text; empty when it is absent. @throws ServingError INVALID_ARGUMENT */
export function textOf(node: JsonNode | undefined, what: string): string {
  if (node === undefined) {
    return "";
  }
  if (!(node instanceof Uint8Array)) {
    throw invalidArgument(`${what} is not a string`);
  }
  try {
    return decodeUtf8(node);
  } catch {
    throw invalidArgument(`${what} is not well-formed UTF-8`);
  }
}

/** true or false; false when it is absent. @throws ServingError INVALID_ARGUMENT */
export function booleanOf(node: JsonNode | undefined, what: string): boolean {
  if (node !== undefined && typeof node !== "boolean") {
    throw invalidArgument(`${what} is neither true nor false`);
  }
  return node ?? false;
}

/** A list of whole numbers from 0 on. @throws ServingError INVALID_ARGUMENT */
export function sizesOf(node: JsonNode | undefined, document: JsonDocument, what: string): readonly number[] {
  if (!(node instanceof NumberBlock) || node.shape.length !== 1) {
    throw invalidArgument(`${what} is not a list of integers`);
  }
  return Array.from({ length: node.size }, (_, index) => sizeAt(document, node.from + index, what));
}

/** A whole number from 0 on; undefined when it is absent. @throws ServingError INVALID_ARGUMENT */
export function sizeOf(node: JsonNode | undefined, document: JsonDocument, what: string): number | undefined {
  if (node === undefined) {
    return undefined;
  }
  if (!(node instanceof NumberBlock) || node.shape.length !== 0) {
    throw invalidArgument(`${what} is not an integer`);
  }
  return sizeAt(document, node.from, what);
}

function sizeAt(document: JsonDocument, index: number, what: string): number {
  const value = Number(document.numbers.bigint(index) ?? Number.NaN);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw invalidArgument(`${what} has a number that is no integer from 0 on`);
  }
  return value;
}
