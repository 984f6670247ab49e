import type { NumberArray } from "../../protobuf/little-endian.ts";
import { NumberStorage } from "./number-storage.ts";
import type { ReadingMemory } from "./reading-memory.ts";

/** What a number's text was, as far as its value does not tell. */
export const numberKind = {
  /** An integer literal of at most 15 digits: the value is exact. */
  integer: 0,
  /** A literal with fraction or exponent, NaN or an infinity: the value is the nearest double. */
  decimal: 1,
  /** A longer integer literal: the value is the double of its first 15 digits, rounded down. */
  longInteger: 2,
  /** A longer literal with fraction or exponent: likewise. */
  longDecimal: 3,
} as const;

/** A rough mean, to begin with a table of about the right size. */
const BYTES_PER_NUMBER = 8;
const LARGEST_FIRST_CAPACITY = 2 ** 18;
/** Value, kind and start. */
const NUMBER_BYTES = 13;
const HEADROOM = 1.1;
const LEAST_GROWTH = 1.25;
const decoder = new TextDecoder();
const [noValues, noKinds, noStarts] = [new Float64Array(), new Uint8Array(), new Uint32Array()];

/**
 * Widens the value of a long literal, whose digits behind the 15th are cut off, to a bound that the true value cannot
 * pass: the digits cut off are worth less than one unit of the 15th, a part of 1e14 at most, and the factor leaves room
 * for the rounding of value and product.
 */
const UPPER_BOUND = 1 + 1.1e-14;

/** The numbers of a document in order: value, kind, and where the text begins. Thirteen bytes each, and no objects. */
export class NumberTable {
  readonly #source: Uint8Array;
  readonly #memory: ReadingMemory;
  #storage: NumberStorage | undefined;
  #values: Float64Array;
  #kinds: Uint8Array;
  #starts: Uint32Array;
  #length = 0;

  /**
   * @param source the document, to read long literals again where every digit counts
   * @param memory is told what the table takes when it grows
   * @param storage where the table is put; no other table may be there
   */
  constructor(source: Uint8Array, memory: ReadingMemory, storage = new NumberStorage()) {
    this.#source = source;
    this.#memory = memory;
    this.#storage = storage;
    const capacity = Math.min(1 + Math.ceil(source.length / BYTES_PER_NUMBER), LARGEST_FIRST_CAPACITY);
    storage.begin(this);
    if (storage.capacity < capacity) {
      storage.grow(capacity, 0);
    }
    this.#values = storage.values;
    this.#kinds = storage.kinds;
    this.#starts = storage.starts;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number, kind: number, start: number): void {
    if (this.#length === this.#values.length) {
      this.#grow(start);
    }
    this.#values[this.#length] = value;
    this.#kinds[this.#length] = kind;
    this.#starts[this.#length++] = start;
  }

  /** Empties the table for good: another document has its storage. */
  loseStorage(): void {
    this.#storage = undefined;
    this.#length = 0;
    this.#values = noValues;
    this.#kinds = noKinds;
    this.#starts = noStarts;
  }

  /** Takes the last numbers out, so that `length` are left. */
  cut(length: number): void {
    this.#length = length;
  }

  kind(index: number): number {
    return this.#kinds[index] as number;
  }

  /** Writes `count` numbers from `from` on to `target`, as 32-bit floats. */
  copyFloat32(from: number, count: number, target: NumberArray, at: number): void {
    const values = this.#values;
    const kinds = this.#kinds;
    for (let offset = 0; offset < count; offset++) {
      const index = from + offset;
      const isExact = (kinds[index] as number) < numberKind.longInteger;
      target[at + offset] = isExact ? (values[index] as number) : this.float32(index);
    }
  }

  /** The nearest double. */
  float64(index: number): number {
    return this.kind(index) < numberKind.longInteger ? (this.#values[index] as number) : Number(this.text(index));
  }

  /** A double that rounds to the same 32-bit float as the nearest double does; cheaper to have for long literals. */
  float32(index: number): number {
    const value = this.#values[index] as number;
    if (this.kind(index) < numberKind.longInteger || Math.fround(value) === Math.fround(value * UPPER_BOUND)) {
      return value;
    }
    return Number(this.text(index));
  }

  /** The integer; undefined when the literal is none. No literal has more than 309 digits: it would be no double. */
  bigint(index: number): bigint | undefined {
    switch (this.kind(index)) {
      case numberKind.integer:
        return BigInt(this.#values[index] as number);
      case numberKind.longInteger:
        return BigInt(this.text(index));
      default:
        return undefined;
    }
  }

  /** The literal as it stands in the document. */
  text(index: number): string {
    const start = this.#starts[index] as number;
    let end = start;
    while (isNumberByte(this.#source[end])) {
      end++;
    }
    return decoder.decode(this.#source.subarray(start, end));
  }

  /** Takes room for as many numbers as there will be when the rest of the document is like what lies before `offset`. */
  #grow(offset: number): void {
    const expected = Math.ceil((this.#length * this.#source.length * HEADROOM) / offset);
    const capacity = Math.min(Math.max(expected, Math.ceil(this.#length * LEAST_GROWTH)), 2 * this.#length);
    // Both tables are there while one is copied into the other.
    this.#memory.holdNumbers((capacity + this.#length) * NUMBER_BYTES);
    const storage = this.#storage;
    if (storage === undefined) {
      throw new Error("the numbers of this document have been given up");
    }
    storage.grow(capacity, this.#length);
    this.#values = storage.values;
    this.#kinds = storage.kinds;
    this.#starts = storage.starts;
  }
}

const numberBytes = new Set("0123456789+-.eENaInfity".split("").map((character) => character.charCodeAt(0)));

function isNumberByte(value: number | undefined): boolean {
  return value !== undefined && numberBytes.has(value);
}
