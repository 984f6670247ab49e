import { byte } from "./byte.ts";
import { numberKind } from "./number-table.ts";
import { EXACT_DIGITS, MAX_EXACT_POWER, powersOfTen } from "./powers-of-ten.ts";
import { syntaxError } from "./syntax-error.ts";
import { escapedCodePoint, escapeLength, unescapeString } from "./unescape.ts";

const LARGEST_EXPONENT = 1e9;
const decoder = new TextDecoder();

/**
 * Reads the tokens of a JSON text (RFC 8259, and the words NaN, Infinity and Inf, with or without a minus). Errors and
 * their offsets are those of RapidJSON.
 */
export class JsonLexer {
  readonly bytes: Uint8Array;
  offset: number;
  /** Value and kind of the number that {@link number} read last; see {@link numberKind}. */
  value = 0;
  kind = 0;
  /** The number that is being read: its first digits, how many there are in all, and the power of ten. */
  #mantissa = 0;
  #digits = 0;
  #exponent = 0;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  /** Passes over white space. @returns the byte after it, or -1 at the end */
  skipSpace(): number {
    for (;;) {
      const next = this.peek();
      if (next > byte.space) {
        return next;
      }
      if (next !== byte.space && next !== byte.lineFeed && next !== byte.carriageReturn && next !== byte.tab) {
        return next;
      }
      this.offset++;
    }
  }

  /** The next byte, or -1 at the end. */
  peek(): number {
    return this.offset < this.bytes.length ? (this.bytes[this.offset] as number) : -1;
  }

  /** Reads `word`, whose first byte is known to be there. */
  word(word: string): void {
    this.offset++;
    for (let index = 1; index < word.length; index++) {
      if (this.peek() !== word.charCodeAt(index)) {
        throw syntaxError("badValue", this.offset);
      }
      this.offset++;
    }
  }

  /** Passes over a string. @returns whether it has escapes */
  skipString(): boolean {
    let escaped = false;
    this.offset++;
    for (;;) {
      const next = this.peek();
      if (next === byte.quote) {
        this.offset++;
        return escaped;
      }
      if (next < byte.space) {
        throw syntaxError(next <= 0 ? "noClosingQuote" : "badCharacter", this.offset);
      }
      if (next === byte.backslash) {
        escaped = true;
        this.offset += escapeLength(this.bytes, this.offset, escapedCodePoint(this.bytes, this.offset));
      } else {
        this.offset++;
      }
    }
  }

  /** Reads a string. @returns its bytes: a view into the text where it has no escapes */
  string(): Uint8Array {
    const start = this.offset + 1;
    const escaped = this.skipString();
    const end = this.offset - 1;
    return escaped ? unescapeString(this.bytes, start, end) : this.bytes.subarray(start, end);
  }

  /** Reads a number, or a word that stands for one, into {@link value} and {@link kind}. */
  number(): void {
    const start = this.offset;
    if (this.bytes[start] === byte.minus) {
      this.offset++;
    }
    const first = this.#digit();
    if (first < 0) {
      this.#numberWord(start);
      return;
    }
    this.#mantissa = 0;
    this.#digits = 0;
    this.#exponent = 0;
    if (first === 0) {
      this.offset++;
    } else {
      this.#wholeDigits();
    }
    let kind: number = numberKind.integer;
    if (this.bytes[this.offset] === byte.point) {
      kind = numberKind.decimal;
      this.#fractionDigits();
    }
    const next = this.bytes[this.offset];
    if (next === byte.lowerE || next === byte.upperE) {
      kind = numberKind.decimal;
      this.#readExponent();
    }
    this.#finishNumber(start, kind);
  }

  // The two loops below run over nearly every byte of a large request: they work on local variables.

  #wholeDigits(): void {
    const bytes = this.bytes;
    let offset = this.offset;
    let mantissa = 0;
    let digit = (bytes[offset] as number) - byte.zero;
    while (digit >= 0 && digit <= 9) {
      if (offset - this.offset < EXACT_DIGITS) {
        mantissa = mantissa * 10 + digit;
      }
      digit = (bytes[++offset] as number) - byte.zero;
    }
    this.#digits = offset - this.offset;
    this.#exponent = Math.max(0, this.#digits - EXACT_DIGITS);
    this.#mantissa = mantissa;
    this.offset = offset;
  }

  #fractionDigits(): void {
    this.#requireDigit("noFraction");
    const bytes = this.bytes;
    let offset = this.offset;
    let mantissa = this.#mantissa;
    let digits = this.#digits;
    let exponent = this.#exponent;
    let digit = (bytes[offset] as number) - byte.zero;
    while (digit >= 0 && digit <= 9) {
      if (digits < EXACT_DIGITS) {
        mantissa = mantissa * 10 + digit;
        exponent--;
      }
      if (mantissa !== 0) {
        digits++;
      }
      digit = (bytes[++offset] as number) - byte.zero;
    }
    this.#mantissa = mantissa;
    this.#digits = digits;
    this.#exponent = exponent;
    this.offset = offset;
  }

  #finishNumber(start: number, kind: number): void {
    const mantissa = this.#mantissa;
    const exponent = this.#exponent;
    this.kind = this.#digits > EXACT_DIGITS ? kind + numberKind.longInteger : kind;
    const power = exponent < 0 ? -exponent : exponent;
    if (power > MAX_EXACT_POWER) {
      this.#exactNumber(start, kind);
      return;
    }
    const scale = powersOfTen[power] as number;
    const value = exponent < 0 ? mantissa / scale : mantissa * scale;
    // The integer -0 is 0; the decimal -0.0 keeps its sign.
    this.value = this.bytes[start] !== byte.minus || (value === 0 && kind === numberKind.integer) ? value : -value;
  }

  /** For literals whose power of ten is not exact in a double. */
  #exactNumber(start: number, kind: number): void {
    this.value = Number(decoder.decode(this.bytes.subarray(start, this.offset)));
    this.kind = kind === numberKind.integer ? numberKind.longInteger : numberKind.decimal;
    if (!Number.isFinite(this.value)) {
      throw syntaxError("numberTooBig", start);
    }
  }

  /** The next byte as a digit, or a negative number. */
  #digit(): number {
    const digit = this.peek() - byte.zero;
    return digit <= 9 ? digit : -1;
  }

  /** Passes over the next byte, behind which a digit must stand. */
  #requireDigit(problem: "noFraction" | "noExponent"): void {
    this.offset++;
    if (this.#digit() < 0) {
      throw syntaxError(problem, this.offset);
    }
  }

  #readExponent(): void {
    const sign = this.bytes[this.offset + 1];
    if (sign === byte.plus || sign === byte.minus) {
      this.offset++;
    }
    this.#requireDigit("noExponent");
    let value = 0;
    for (let digit = this.#digit(); digit >= 0; digit = this.#digit()) {
      value = Math.min(value * 10 + digit, LARGEST_EXPONENT);
      this.offset++;
    }
    this.#exponent += sign === byte.minus ? -value : value;
  }

  #numberWord(start: number): void {
    const next = this.peek();
    const negative = this.bytes[start] === byte.minus;
    this.kind = numberKind.decimal;
    if (next === byte.upperN) {
      this.word("NaN");
      this.value = Number.NaN;
    } else if (next === byte.upperI) {
      this.word("Inf");
      if (this.peek() === "i".charCodeAt(0)) {
        this.word("inity");
      }
      this.value = negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    } else {
      throw syntaxError("badValue", this.offset);
    }
  }
}
