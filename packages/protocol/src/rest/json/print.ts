import { formatFloat32, formatFloat64 } from "../decimal.ts";
import { byte } from "./byte.ts";
import { JsonLexer } from "./lexer.ts";
import { decodeName } from "./name.ts";
import { numberKind } from "./number-table.ts";
import { quoteText } from "./quote.ts";

const LONGEST = 256;
/** More than enough bytes for the longest text. */
const LONGEST_BYTES = 4 * LONGEST;
const INDENT = "    ";
const LARGEST_FLOAT32 = 3.4028234e38;

/**
 * The value at `start` of a JSON text, for an error message: pretty-printed as TensorFlow Serving prints it, lists on one
 * line, and cut when it gets long. The text must be known to be well formed.
 */
export function printJson(bytes: Uint8Array, start: number): string {
  const printer = new Printer(new JsonLexer(bytes, start));
  return cutText(printer.print());
}

/** A number alone, for an error message. */
export function printNumber(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return cutText(new Printer(new JsonLexer(bytes)).print());
}

/** Cuts a text for an error message. */
export function cutText(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

interface OpenValue {
  readonly isList: boolean;
  count: number;
}

class Printer {
  readonly #lexer: JsonLexer;
  readonly #open: OpenValue[] = [];
  #out = "";

  constructor(lexer: JsonLexer) {
    this.#lexer = lexer;
  }

  print(): string {
    do {
      this.#printNext();
    } while (this.#open.length > 0 && this.#out.length <= LONGEST);
    return this.#out;
  }

  #printNext(): void {
    const lexer = this.#lexer;
    const next = lexer.skipSpace();
    const parent = this.#open.at(-1);
    if (next === byte.comma) {
      lexer.offset++;
    } else if (parent !== undefined && (next === byte.closeList || next === byte.closeObject)) {
      this.#close(parent);
    } else {
      this.#separate(parent);
      this.#printValue();
    }
  }

  #close(closed: OpenValue): void {
    this.#lexer.offset++;
    this.#open.pop();
    if (closed.isList) {
      this.#out += "]";
    } else {
      this.#out += closed.count > 0 ? `\n${INDENT.repeat(this.#open.length)}}` : "}";
    }
  }

  #separate(parent: OpenValue | undefined): void {
    if (parent === undefined) {
      return;
    }
    const isFirst = parent.count++ === 0;
    if (parent.isList) {
      this.#out += isFirst ? "" : ", ";
      return;
    }
    const name = this.#text();
    this.#lexer.skipSpace();
    this.#lexer.offset++;
    this.#out += `${isFirst ? "" : ","}\n${INDENT.repeat(this.#open.length)}${quoteText(name)}: `;
  }

  #printValue(): void {
    const lexer = this.#lexer;
    const next = lexer.skipSpace();
    switch (next) {
      case byte.openList:
      case byte.openObject:
        lexer.offset++;
        this.#out += String.fromCharCode(next);
        this.#open.push({ isList: next === byte.openList, count: 0 });
        return;
      case byte.quote:
        this.#out += quoteText(this.#text());
        return;
      case byte.lowerN:
        this.#printWord("null");
        return;
      case byte.lowerT:
        this.#printWord("true");
        return;
      case byte.lowerF:
        this.#printWord("false");
        return;
      default:
        this.#printNumber();
    }
  }

  /** Reads a string; the rest of a long one is cut off later anyway. */
  #text(): string {
    return decodeName(this.#lexer.string().subarray(0, LONGEST_BYTES));
  }

  #printWord(word: string): void {
    this.#lexer.word(word);
    this.#out += word;
  }

  #printNumber(): void {
    const lexer = this.#lexer;
    const start = lexer.offset;
    lexer.number();
    const text = decodeName(lexer.bytes.subarray(start, lexer.offset));
    if (lexer.kind === numberKind.integer || (lexer.kind === numberKind.longInteger && isInteger64(text))) {
      this.#out += text === "-0" ? "0" : text;
      return;
    }
    const value = lexer.kind === numberKind.decimal ? lexer.value : Number(text);
    this.#out += this.#open.length === 0 ? formatAlone(value) : formatInside(value);
  }
}

function isInteger64(text: string): boolean {
  return text.length <= 20 && BigInt(text) >= -(2n ** 63n) && BigInt(text) < 2n ** 64n;
}

/** A number alone counts as a 32-bit float if it is in the range of one. */
function formatAlone(value: number): string {
  return Math.abs(value) <= LARGEST_FLOAT32 ? formatFloat32(Math.fround(value)) : formatFloat64(value);
}

/** Inside lists and objects, RapidJSON's own writer is at work: the shortest text that reads back. */
function formatInside(value: number): string {
  const text = String(value).replace("e+", "e");
  return Number.isInteger(value) && !text.includes("e") ? `${Object.is(value, -0) ? "-0" : text}.0` : text;
}
