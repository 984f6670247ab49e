import { byte } from "./byte.ts";
import type { JsonLexer } from "./lexer.ts";
import { type NumberTable, numberKind } from "./number-table.ts";
import { EXACT_DIGITS, MAX_EXACT_POWER, powersOfTen } from "./powers-of-ten.ts";

/** Most digits that always fit into an integer of 32 bits, with which V8 reckons faster than with doubles. */
const HEAD_DIGITS = 9;
/** The point, as a digit would be read. */
const POINT = byte.point - byte.zero;

/**
 * Reads numbers at great speed where they are written as nearly all are: without an exponent, and with a comma or the end of
 * the list behind them. Whatever else there is stays for the lexer, which also finds what is wrong with it.
 */
export class PlainNumbers {
  readonly #lexer: JsonLexer;
  readonly #bytes: Uint8Array;
  readonly #numbers: NumberTable;
  #value = 0;
  #kind = 0;

  constructor(lexer: JsonLexer, numbers: NumberTable) {
    this.#lexer = lexer;
    this.#bytes = lexer.bytes;
    this.#numbers = numbers;
  }

  /**
   * Reads numbers and the commas behind them, as long as they are plain.
   *
   * @returns whether the list ends at the lexer's offset; otherwise a value stands there, or what is in the place of one
   */
  read(): boolean {
    const bytes = this.#bytes;
    const numbers = this.#numbers;
    let start = this.#lexer.offset;
    for (;;) {
      const end = this.#number(bytes, start);
      let next = bytes[end] as number;
      if (end === start || (next !== byte.comma && next !== byte.closeList)) {
        break;
      }
      numbers.push(this.#value, this.#kind, start);
      if (next === byte.closeList) {
        this.#lexer.offset = end;
        return true;
      }
      start = end + 1;
      next = bytes[start] as number;
      if (next <= byte.space) {
        start = this.#skipSpace(start);
      }
    }
    this.#lexer.offset = start;
    return false;
  }

  #skipSpace(start: number): number {
    const lexer = this.#lexer;
    lexer.offset = start;
    lexer.skipSpace();
    return lexer.offset;
  }

  /**
   * Reads lists of `length` plain numbers, each with a comma before it.
   *
   * @returns how many there were; the lexer stands behind the last of them
   */
  readRows(length: number): number {
    const lexer = this.#lexer;
    const numbers = this.#numbers;
    for (let rows = 0; ; rows++) {
      const behind = lexer.offset;
      const before = numbers.length;
      if (!this.#opensRow() || !this.read() || numbers.length !== before + length) {
        lexer.offset = behind;
        numbers.cut(before);
        return rows;
      }
      lexer.offset++;
    }
  }

  #opensRow(): boolean {
    const lexer = this.#lexer;
    if (lexer.skipSpace() !== byte.comma) {
      return false;
    }
    lexer.offset++;
    if (lexer.skipSpace() !== byte.openList) {
      return false;
    }
    lexer.offset++;
    lexer.skipSpace();
    return true;
  }

  /** Reads digits with or without a point among them. @returns the offset behind them, or `start` when they are no plain number */
  #number(bytes: Uint8Array, start: number): number {
    const first = bytes[start] === byte.minus ? start + 1 : start;
    let at = first;
    let head = 0;
    let digit = (bytes[at] as number) - byte.zero;
    while (digit >= 0 && digit <= 9) {
      head = (Math.imul(head, 10) + digit) | 0;
      digit = (bytes[++at] as number) - byte.zero;
    }
    const whole = at - first;
    if (whole === 0 || whole > HEAD_DIGITS || (whole > 1 && bytes[first] === byte.zero)) {
      return start;
    }
    if (digit === POINT) {
      return this.#fraction(bytes, start, at + 1, head, head === 0 ? 0 : whole);
    }
    // The integer -0 is 0.
    this.#value = first > start && head !== 0 ? -head : head;
    this.#kind = numberKind.integer;
    return at;
  }

  /**
   * @param first where the fraction begins
   * @param head the whole part, with so many `digits`: none when it is 0
   */
  #fraction(bytes: Uint8Array, start: number, first: number, head: number, digits: number): number {
    let at = first;
    if (head === 0) {
      while (bytes[at] === byte.zero) {
        at++;
      }
    }
    const headEnd = at + HEAD_DIGITS - digits;
    let mantissa = head;
    let digit = (bytes[at] as number) - byte.zero;
    while (digit >= 0 && digit <= 9 && at < headEnd) {
      mantissa = (Math.imul(mantissa, 10) + digit) | 0;
      digit = (bytes[++at] as number) - byte.zero;
    }
    if (digit >= 0 && digit <= 9) {
      return this.#longFraction(bytes, start, first, headEnd, mantissa);
    }
    return at > first && this.#take(start, mantissa, at - first, numberKind.decimal) ? at : start;
  }

  /** @param head the number's first nine digits, which end at `headEnd` */
  #longFraction(bytes: Uint8Array, start: number, first: number, headEnd: number, head: number): number {
    const tailEnd = headEnd + EXACT_DIGITS - HEAD_DIGITS;
    let at = headEnd;
    let tail = 0;
    let digit = (bytes[at] as number) - byte.zero;
    while (digit >= 0 && digit <= 9 && at < tailEnd) {
      tail = (Math.imul(tail, 10) + digit) | 0;
      digit = (bytes[++at] as number) - byte.zero;
    }
    const end = at;
    while (digit >= 0 && digit <= 9) {
      digit = (bytes[++at] as number) - byte.zero;
    }
    const mantissa = head * (powersOfTen[end - headEnd] as number) + tail;
    const kind = at > end ? numberKind.longDecimal : numberKind.decimal;
    return this.#take(start, mantissa, end - first, kind) ? at : start;
  }

  /** @param fraction how many of the mantissa's digits stand behind the point */
  #take(start: number, mantissa: number, fraction: number, kind: number): boolean {
    if (fraction > MAX_EXACT_POWER) {
      return false;
    }
    const value = mantissa / (powersOfTen[fraction] as number);
    this.#value = this.#bytes[start] === byte.minus ? -value : value;
    this.#kind = kind;
    return true;
  }
}
