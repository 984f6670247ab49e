import { concatBytes } from "@sealserve/core";
import { ProtocolError } from "../errors.ts";
import { TextLexer, type Token } from "./lexer.ts";
import { textError } from "./text-error.ts";

/** A longer text is refused, in characters. */
export const TEXT_FORMAT_MAX_LENGTH = 1 << 18;

const MAX_DEPTH = 32;
const NAME = /^[A-Za-z_]/;

/** A value as it stands in the text. What it means depends on the type of its field. */
export type TextValue =
  /** A number, a boolean or the name of an enumeration value. */
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "string"; readonly bytes: Uint8Array }
  | { readonly kind: "message"; readonly fields: readonly TextField[] };

/** One field in the order of the text. A list gives a field for each of its elements. */
export interface TextField {
  readonly name: string;
  readonly value: TextValue;
  /** From 1. */
  readonly line: number;
}

/** A message or list that has begun. */
interface Open {
  readonly fields: TextField[];
  readonly close: string;
  /** For a list: the name of the field whose elements it has. */
  readonly listName?: string;
}

/**
 * Parses the text form of a message (Protocol Buffers text format language specification) without knowing its type.
 * Extensions and `Any` in brackets are refused.
 * @throws ProtocolError `bad-text-format`, `too-large`, `too-deep`, `too-many-elements`
 */
export function parseTextFormat(text: string): TextField[] {
  if (text.length > TEXT_FORMAT_MAX_LENGTH) {
    throw new ProtocolError("too-large", "text is too long", { expected: `at most ${TEXT_FORMAT_MAX_LENGTH}` });
  }
  const lexer = new TextLexer(text);
  const root: Open = { fields: [], close: "" };
  const open = [root];
  for (let current: Open | undefined = root; current !== undefined; current = open.at(-1)) {
    if (endsHere(lexer, current)) {
      open.pop();
      readSeparator(lexer, open.at(-1));
      continue;
    }
    const begun =
      current.listName === undefined ? readField(lexer, current) : readElement(lexer, current, current.listName);
    if (begun === undefined) {
      readSeparator(lexer, current);
    } else {
      open.push(begun);
      expectDepth(open.length);
    }
  }
  return root.fields;
}

function endsHere(lexer: TextLexer, current: Open): boolean {
  return current.close === "" ? lexer.peek().kind === "end" : lexer.skip(current.close);
}

/** Reads a name with its value; returns the message or list that begins there. */
function readField(lexer: TextLexer, { fields }: Open): Open | undefined {
  const token = lexer.take();
  if (token.kind !== "word" || !NAME.test(token.text)) {
    throw textError(token.line, "expected the name of a field");
  }
  const hasColon = lexer.skip(":");
  if (lexer.skip("[")) {
    return { fields, close: "]", listName: token.text };
  }
  return readValue(lexer, { fields, name: token.text, line: token.line, hasColon });
}

function readElement(lexer: TextLexer, { fields }: Open, name: string): Open | undefined {
  return readValue(lexer, { fields, name, line: lexer.peek().line, hasColon: true });
}

interface Place {
  readonly fields: TextField[];
  readonly name: string;
  readonly line: number;
  /** Scalars need a colon, messages need none. */
  readonly hasColon: boolean;
}

function readValue(lexer: TextLexer, { fields, name, line, hasColon }: Place): Open | undefined {
  const token = lexer.take();
  if (token.kind === "symbol" && (token.text === "{" || token.text === "<")) {
    const inner: TextField[] = [];
    fields.push({ name, value: { kind: "message", fields: inner }, line });
    return { fields: inner, close: token.text === "{" ? "}" : ">" };
  }
  if (!hasColon || (token.kind !== "word" && token.kind !== "string")) {
    throw textError(token.line, hasColon ? "expected a value" : "expected a colon or a message");
  }
  fields.push({ name, value: scalar(lexer, token), line });
  return undefined;
}

function scalar(lexer: TextLexer, token: Extract<Token, { kind: "word" | "string" }>): TextValue {
  if (token.kind === "word") {
    return { kind: "word", text: token.text };
  }
  const pieces = [token.bytes];
  for (let next = lexer.peek(); next.kind === "string"; next = lexer.peek()) {
    pieces.push(next.bytes); // adjacent strings are one
    lexer.take();
  }
  return { kind: "string", bytes: concatBytes(...pieces) };
}

/** Behind a field a separator may stand; between the elements of a list there must be a comma, and none before its end. */
function readSeparator(lexer: TextLexer, within: Open | undefined): void {
  if (within?.listName === undefined) {
    if (!lexer.skip(",")) {
      lexer.skip(";");
    }
    return;
  }
  const { line } = lexer.peek();
  const comma = lexer.skip(",");
  const next = lexer.peek();
  const atEnd = next.kind === "symbol" && next.text === within.close;
  if (comma === atEnd) {
    throw textError(line, "expected a comma between the elements of a list and its end behind the last one");
  }
}

function expectDepth(depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new ProtocolError("too-deep", `messages are nested more than ${MAX_DEPTH} deep`);
  }
}
