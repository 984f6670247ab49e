import { byte } from "./byte.ts";
import type { JsonLexer } from "./lexer.ts";
import { syntaxError } from "./syntax-error.ts";

/**
 * Passes over the value at the lexer's offset. Checks its syntax to any depth without recursion: an open list or object
 * costs one byte.
 */
export function skipValue(lexer: JsonLexer): void {
  const open = new ByteStack();
  do {
    let closed = startValue(lexer, open);
    while (closed && open.length > 0) {
      closed = continueParent(lexer, open);
    }
  } while (open.length > 0);
}

/**
 * Reads a scalar, or the beginning of a list or object.
 * @returns whether the value is complete; otherwise its first inner value comes next
 */
function startValue(lexer: JsonLexer, open: ByteStack): boolean {
  const next = lexer.skipSpace();
  if (next !== byte.openList && next !== byte.openObject) {
    skipScalar(lexer, next);
    return true;
  }
  lexer.offset++;
  const end = next === byte.openList ? byte.closeList : byte.closeObject;
  if (lexer.skipSpace() === end) {
    lexer.offset++;
    return true;
  }
  open.push(end);
  if (end === byte.closeObject) {
    skipName(lexer);
  }
  return false;
}

/** Reads what follows a complete value. @returns whether that closed the list or object the value was in */
function continueParent(lexer: JsonLexer, open: ByteStack): boolean {
  const end = open.last();
  const next = lexer.skipSpace();
  if (next === end) {
    open.pop();
    lexer.offset++;
    return true;
  }
  if (next !== byte.comma) {
    throw syntaxError(end === byte.closeList ? "listNotContinued" : "objectNotContinued", lexer.offset);
  }
  lexer.offset++;
  if (end === byte.closeObject) {
    skipName(lexer);
  }
  return false;
}

function skipName(lexer: JsonLexer): void {
  expectName(lexer);
  lexer.skipString();
  expectColon(lexer);
}

/** Refuses anything but the beginning of a member's name. */
export function expectName(lexer: JsonLexer): void {
  if (lexer.skipSpace() !== byte.quote) {
    throw syntaxError("noName", lexer.offset);
  }
}

/** Passes over the colon behind a member's name. */
export function expectColon(lexer: JsonLexer): void {
  if (lexer.skipSpace() !== byte.colon) {
    throw syntaxError("noColon", lexer.offset);
  }
  lexer.offset++;
}

function skipScalar(lexer: JsonLexer, next: number): void {
  switch (next) {
    case byte.quote:
      lexer.skipString();
      return;
    case byte.lowerN:
      lexer.word("null");
      return;
    case byte.lowerT:
      lexer.word("true");
      return;
    case byte.lowerF:
      lexer.word("false");
      return;
    default:
      lexer.number();
  }
}

class ByteStack {
  #bytes = new Uint8Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.length++] = value;
  }

  pop(): void {
    this.length--;
  }

  last(): number {
    return this.#bytes[this.length - 1] as number;
  }
}
