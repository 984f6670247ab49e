import type { JsonDocument } from "./document.ts";
import { JsonList, type JsonNode, JsonRecord, NumberBlock, TooDeepNode } from "./node.ts";
import { cutText, printJson, printNumber } from "./print.ts";
import { quoteText } from "./quote.ts";

const LONGEST_BYTES = 1024;

/** A value as TensorFlow Serving shows it in its messages. */
export function describeNode(node: JsonNode, document: JsonDocument): string {
  if (node instanceof JsonList || node instanceof JsonRecord || node instanceof TooDeepNode) {
    return printJson(document.bytes, node.start);
  }
  if (node instanceof NumberBlock) {
    return printNumber(document.numbers.text(node.from));
  }
  if (node instanceof Uint8Array) {
    return cutText(quoteText(new TextDecoder().decode(node.subarray(0, LONGEST_BYTES))));
  }
  return String(node);
}

/** RapidJSON's name of a value's type. */
export function typeName(node: JsonNode): string {
  if (node === null) {
    return "Null";
  }
  if (typeof node === "boolean") {
    return node ? "True" : "False";
  }
  if (node instanceof Uint8Array) {
    return "String";
  }
  if (node instanceof NumberBlock && node.shape.length === 0) {
    return "Number";
  }
  return node instanceof JsonRecord ? "Object" : "Array";
}
