import { invalidArgument } from "../../status/serving-error.ts";
import { NodeBuilder } from "./build.ts";
import { byte } from "./byte.ts";
import { JsonLexer } from "./lexer.ts";
import { defaultJsonLimits, type JsonLimits } from "./limits.ts";
import { decodeName } from "./name.ts";
import type { JsonNode } from "./node.ts";
import { NodeBudget } from "./node-budget.ts";
import type { NumberStorage } from "./number-storage.ts";
import { NumberTable } from "./number-table.ts";
import { printJson } from "./print.ts";
import { ReadingMemory } from "./reading-memory.ts";
import { expectColon, expectName, skipValue } from "./skip.ts";
import { syntaxError } from "./syntax-error.ts";

/** A JSON object that was read from bytes: the members that were asked for. */
export interface JsonDocument {
  readonly bytes: Uint8Array;
  readonly numbers: NumberTable;
  /** The first member of each name that was wanted. */
  readonly members: ReadonlyMap<string, JsonNode>;
  /** Where the object begins: 0, or what white space and a byte order mark take up. */
  readonly start: number;
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads the JSON object that `bytes` begin with, as RapidJSON does for TensorFlow Serving: whatever follows it is
 * ignored, NaN and Infinity are numbers, nesting has no limit. Members with other names are checked for syntax only.
 * @param storage where its numbers are put; a new one unless told otherwise
 * @throws ServingError INVALID_ARGUMENT; RESOURCE_EXHAUSTED when its values take more memory than they may
 */
export function parseJsonObject(
  bytes: Uint8Array,
  wanted: ReadonlySet<string>,
  limits: Partial<JsonLimits> = {},
  storage?: NumberStorage,
): JsonDocument {
  const { maxBytes, maxNodes, maxMemoryBytes } = { ...defaultJsonLimits, ...limits };
  if (bytes.length > maxBytes) {
    throw invalidArgument(`JSON document is larger than ${maxBytes} bytes`);
  }
  if (bytes.length === 0) {
    throw invalidArgument("JSON Parse error: The document is empty");
  }
  const lexer = new JsonLexer(bytes, BYTE_ORDER_MARK.every((mark, index) => bytes[index] === mark) ? 3 : 0);
  const first = lexer.skipSpace();
  const start = lexer.offset;
  if (first < 0 || isDelimiter(first)) {
    throw syntaxError("empty", start);
  }
  if (first !== byte.openObject) {
    skipValue(lexer);
    throw invalidArgument(`JSON Value: ${printJson(bytes, start)} Is not object`);
  }
  const memory = new ReadingMemory(maxMemoryBytes);
  const numbers = new NumberTable(bytes, memory, storage);
  const builder = new NodeBuilder(lexer, numbers, new NodeBudget(maxNodes, memory));
  return { bytes, numbers, members: readMembers(lexer, builder, wanted), start };
}

/** Bytes that stand between values or end them: RapidJSON finds no document in front of them. */
function isDelimiter(value: number): boolean {
  return value === byte.comma || value === byte.colon || value === byte.closeList || value === byte.closeObject;
}

function readMembers(lexer: JsonLexer, builder: NodeBuilder, wanted: ReadonlySet<string>): Map<string, JsonNode> {
  const members = new Map<string, JsonNode>();
  lexer.offset++;
  if (lexer.skipSpace() === byte.closeObject) {
    return members;
  }
  for (;;) {
    expectName(lexer);
    const name = decodeName(lexer.string());
    expectColon(lexer);
    if (wanted.has(name) && !members.has(name)) {
      members.set(name, builder.build());
    } else {
      skipValue(lexer);
    }
    const next = lexer.skipSpace();
    if (next === byte.closeObject) {
      return members;
    }
    if (next !== byte.comma) {
      throw syntaxError("objectNotContinued", lexer.offset);
    }
    lexer.offset++;
  }
}
