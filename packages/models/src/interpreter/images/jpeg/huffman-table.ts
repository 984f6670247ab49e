import { badJpeg } from "./bad-jpeg.ts";
import type { BitReader } from "./bit-reader.ts";

/** Bits of a code that are looked up at once. */
const LOOKUP_BITS = 9;
/** Longest code. */
const MAX_BITS = 16;

/** Codes of up to 16 bits for symbols of a byte (T.81, annex C). */
export class HuffmanTable {
  /** Length of the code times 256 and its symbol, by the bits that it begins with; 0 where the code is longer. */
  readonly #lookup = new Uint16Array(2 ** LOOKUP_BITS);
  /** First number of that length that is no code, by length. */
  readonly #ends = new Int32Array(MAX_BITS + 1);
  /** What to add to a code of that length for the place of its symbol. */
  readonly #offsets = new Int32Array(MAX_BITS + 1);
  readonly #symbols: Uint8Array;

  /**
   * @param counts how many codes there are of each length from 1 on
   * @param symbols in the order of their codes
   * @throws ServingError `INVALID_ARGUMENT` when there are more codes of a length than numbers
   */
  constructor(counts: Uint8Array, symbols: Uint8Array) {
    this.#symbols = symbols;
    let [code, place] = [0, 0];
    for (let length = 1; length <= MAX_BITS; length++) {
      const count = counts[length - 1] ?? 0;
      this.#offsets[length] = place - code;
      this.#fillLookup(length, code, symbols.subarray(place, place + count));
      code += count;
      place += count;
      if (code > 2 ** length) {
        throw badJpeg("a table of codes has too many");
      }
      this.#ends[length] = code;
      code *= 2;
    }
  }

  /** Takes a code. @throws ServingError `INVALID_ARGUMENT` when there is none */
  read(bits: BitReader): number {
    const found = this.#lookup[bits.peek(LOOKUP_BITS)] ?? 0;
    if (found !== 0) {
      bits.skip(found >> 8);
      return found & 0xff;
    }
    const all = bits.peek(MAX_BITS);
    for (let length = LOOKUP_BITS + 1; length <= MAX_BITS; length++) {
      const code = all >> (MAX_BITS - length);
      if (code < (this.#ends[length] ?? 0)) {
        bits.skip(length);
        return this.#symbols[code + (this.#offsets[length] ?? 0)] ?? 0;
      }
    }
    throw badJpeg("its pixels are damaged");
  }

  #fillLookup(length: number, first: number, symbols: Uint8Array): void {
    const rest = LOOKUP_BITS - length;
    for (const [index, symbol] of rest < 0 ? [] : symbols.entries()) {
      const from = (first + index) << rest;
      this.#lookup.fill(length * 256 + symbol, from, from + (1 << rest));
    }
  }
}
