import { CoreError } from "../errors.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const SHORT_DIGITS = 9;

/** Takes JSON tokens (RFC 8259) from a text, one after the other. */
export class JsonScanner {
  readonly #text: string;
  readonly #pattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The next character without taking it; empty at the end. */
  peek(): string {
    return this.#text.charAt(this.#offset);
  }

  /** Takes `token` if it comes next. */
  accept(token: string): boolean {
    const found = this.#text.startsWith(token, this.#offset);
    this.#offset += found ? token.length : 0;
    return found;
  }

  /** Takes `token`, which must come next. */
  expect(token: string): void {
    if (!this.accept(token)) {
      this.refuse(`no ${token}`);
    }
  }

  expectEnd(): void {
    this.skipSpace();
    if (this.#offset !== this.#text.length) {
      this.refuse("text behind the document");
    }
  }

  skipSpace(): void {
    let offset = this.#offset;
    while (isSpace(this.#text.charCodeAt(offset))) {
      offset++;
    }
    this.#offset = offset;
  }

  /** A string with its escapes resolved. Lone surrogates are refused: UTF-8 has no place for them. */
  string(): string {
    this.expect('"');
    const start = this.#offset;
    const escaped = this.#skipString();
    const source = this.#text.slice(start, this.#offset - 1);
    const value = escaped ? this.#resolveEscapes(source) : source;
    if (!value.isWellFormed()) {
      this.refuse("lone surrogate in a string");
    }
    return value;
  }

  /** A number that a double holds: no overflow, and integers exactly. */
  number(): number {
    return this.#shortInteger() ?? this.#numeral();
  }

  /** Most numbers by far: one to nine digits, and nothing behind them that belongs to a number. */
  #shortInteger(): number | undefined {
    let value = 0;
    let end = this.#offset;
    let code = this.#text.charCodeAt(end);
    while (code >= ZERO && code <= NINE && end - this.#offset < SHORT_DIGITS) {
      value = 10 * value + code - ZERO;
      code = this.#text.charCodeAt(++end);
    }
    const digits = end - this.#offset;
    const leadingZero = digits > 1 && this.#text.charCodeAt(this.#offset) === ZERO;
    if (digits === 0 || leadingZero || continuesNumber(code)) {
      return undefined;
    }
    this.#offset = end;
    return value;
  }

  #numeral(): number {
    this.#pattern.lastIndex = this.#offset;
    const token = this.#pattern.exec(this.#text)?.[0];
    if (token === undefined) {
      return this.refuse("no JSON value");
    }
    const value = Number(token);
    if (/[.eE]/.test(token) ? !Number.isFinite(value) : !Number.isSafeInteger(value)) {
      this.refuse("number that a double cannot hold");
    }
    this.#offset += token.length;
    return value;
  }

  /** Names the place only: the text may be a request or a secret. */
  refuse(reason: string): never {
    throw new CoreError("bad-json", `not strict JSON: ${reason}`, { actual: `at offset ${this.#offset}` });
  }

  /** Goes behind the closing quote, and says whether there are escapes before it. */
  #skipString(): boolean {
    let offset = this.#offset;
    let escaped = false;
    let code = this.#text.charCodeAt(offset);
    while (code !== QUOTE) {
      // Also at the end, where the code is no number.
      if (!(code >= SPACE)) {
        this.#offset = offset;
        this.refuse("string is not closed or has a control character");
      }
      escaped ||= code === BACKSLASH;
      offset += code === BACKSLASH ? 2 : 1;
      code = this.#text.charCodeAt(offset);
    }
    this.#offset = offset + 1;
    return escaped;
  }

  /** The platform's own parser knows the same escapes; of what else it takes, nothing can stand here. */
  #resolveEscapes(source: string): string {
    try {
      return JSON.parse(`"${source}"`) as string;
    } catch {
      return this.refuse("unknown escape");
    }
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** A digit, a point or an exponent. */
function continuesNumber(code: number): boolean {
  return (code >= ZERO && code <= NINE) || code === 0x2e || (code | 0x20) === 0x65;
}
