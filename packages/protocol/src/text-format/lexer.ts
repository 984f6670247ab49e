import { ProtocolError } from "../errors.ts";
import { readQuoted } from "./quoted.ts";
import { textError } from "./text-error.ts";

/** One token of the text format. */
export type Token =
  | { readonly kind: "word"; readonly text: string; readonly line: number }
  | { readonly kind: "string"; readonly bytes: Uint8Array; readonly line: number }
  | { readonly kind: "symbol"; readonly text: string; readonly line: number }
  | { readonly kind: "end"; readonly line: number };

/** Most tokens in a text. */
const MAX_TOKENS = 1 << 15;

const WHITE_SPACE = /[ \t\r\n\v\f]+/y;
const COMMENT = /#[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*|-?[ \t]*(?:[0-9.][0-9A-Za-z_.+-]*|inf(?:inity)?|nan)/y;
const SYMBOLS = ":{}<>[],;";

/**
 * Cuts a text into tokens (Protocol Buffers text format language specification, "Lexical Elements").
 */
export class TextLexer {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #tokens = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The token that {@link take} will return. @throws ProtocolError `bad-text-format`, `too-many-elements` */
  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  /** @throws ProtocolError `bad-text-format`, `too-many-elements` */
  take(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** Takes the next token if it is this symbol. */
  skip(symbol: string): boolean {
    const token = this.peek();
    if (token.kind !== "symbol" || token.text !== symbol) {
      return false;
    }
    this.take();
    return true;
  }

  #read(): Token {
    if (++this.#tokens > MAX_TOKENS) {
      throw new ProtocolError("too-many-elements", `the text has more than ${MAX_TOKENS} words, strings and signs`);
    }
    this.#skipBetween();
    const line = this.#line;
    const first = this.#text.charAt(this.#offset);
    if (first === "") {
      return { kind: "end", line };
    }
    if (first === '"' || first === "'") {
      const { bytes, end } = readQuoted(this.#text, this.#offset, line);
      this.#offset = end;
      return { kind: "string", bytes, line };
    }
    const word = this.#match(WORD);
    if (word !== undefined) {
      this.#advance(word);
      return { kind: "word", text: word, line };
    }
    if (SYMBOLS.includes(first)) {
      this.#advance(first);
      return { kind: "symbol", text: first, line };
    }
    throw textError(line, "a character that begins nothing");
  }

  #skipBetween(): void {
    let skipped: string | undefined;
    do {
      skipped = this.#match(WHITE_SPACE) ?? this.#match(COMMENT);
      this.#advance(skipped ?? "");
    } while (skipped !== undefined);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    return pattern.exec(this.#text)?.[0];
  }

  #advance(text: string): void {
    this.#offset += text.length;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#line++;
    }
  }
}
