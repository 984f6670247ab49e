import { invalidArgument } from "../status/serving-error.ts";
import { byte } from "./json/byte.ts";
import { JsonLexer } from "./json/lexer.ts";
import { decodeName } from "./json/name.ts";
import { expectColon, expectName, skipValue } from "./json/skip.ts";
import { syntaxError } from "./json/syntax-error.ts";

const VERBS = ["predict", "classify", "regress"] as const;

/** A call of the REST API as one entry of a list. */
export interface ListedRequest {
  readonly verb: (typeof VERBS)[number];
  /** The call's body: a view into the list. */
  readonly body: Uint8Array;
}

/**
 * Requests written down as JSON: `{"predict": BODY}`, or `classify` or `regress`; several in a list, or one after the
 * other, such as one on each line. Bodies are checked for their syntax only. A mistake shows when it is come to.
 * @throws ServingError INVALID_ARGUMENT
 */
export function* parseRequestList(bytes: Uint8Array): Generator<ListedRequest, void> {
  const lexer = new JsonLexer(bytes);
  const inList = lexer.skipSpace() === byte.openList;
  if (inList) {
    lexer.offset++;
  }
  for (let next = lexer.skipSpace(); next === byte.openObject; next = nextEntry(lexer, inList)) {
    yield readRequest(lexer, bytes);
  }
  if (inList) {
    expectEndOfList(lexer);
  }
  if (lexer.skipSpace() >= 0) {
    throw syntaxError("badValue", lexer.offset);
  }
}

/** Passes over what stands between two entries. @returns the byte after it */
function nextEntry(lexer: JsonLexer, inList: boolean): number {
  if (inList && lexer.skipSpace() === byte.comma) {
    lexer.offset++;
    if (lexer.skipSpace() !== byte.openObject) {
      throw syntaxError("badValue", lexer.offset);
    }
    return byte.openObject;
  }
  return inList ? -1 : lexer.skipSpace();
}

function expectEndOfList(lexer: JsonLexer): void {
  if (lexer.skipSpace() !== byte.closeList) {
    throw syntaxError("listNotContinued", lexer.offset);
  }
  lexer.offset++;
}

/** Reads an object with exactly one member, which a verb names. */
function readRequest(lexer: JsonLexer, bytes: Uint8Array): ListedRequest {
  lexer.offset++;
  expectName(lexer);
  const name = decodeName(lexer.string());
  const verb = VERBS.find((known) => known === name);
  if (verb === undefined) {
    throw invalidArgument(`A request of the list has a member other than ${VERBS.join(", ")}`);
  }
  expectColon(lexer);
  lexer.skipSpace();
  const start = lexer.offset;
  skipValue(lexer);
  const body = bytes.subarray(start, lexer.offset);
  if (lexer.skipSpace() !== byte.closeObject) {
    throw invalidArgument(`A request of the list has more than one member; expected one of ${VERBS.join(", ")}`);
  }
  lexer.offset++;
  return { verb, body };
}
