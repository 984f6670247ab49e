import { badJpeg } from "./bad-jpeg.ts";
import type { BitReader } from "./bit-reader.ts";
import { BLOCK_LENGTH } from "./frame.ts";
import type { HuffmanTable } from "./huffman-table.ts";

/** Places of coefficients in a block, in the order in which they are stored (T.81, figure A.6). */
export const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);
/** A run of zeros without a number behind it. */
const ZERO_RUN = 15;

/** What a scan brings of its coefficients: some of them, down to a bit. */
export interface Band {
  readonly from: number;
  readonly to: number;
  /** How many bits of each number come in later scans. */
  readonly low: number;
}

/** Reads the part of a block that a scan brings. */
export interface BlockReader {
  /** @param at where the block begins, whose 64 coefficients are in the order of rows */
  read(bits: BitReader, coefficients: Int16Array, at: number): void;
  /** Begins anew, at a restart. */
  restart(): void;
}

/** The tables of one component in a scan. */
export interface ScanTables {
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
}

/** All coefficients of a block at once (T.81, F.2.2). */
export class WholeBlocks implements BlockReader {
  readonly #tables: ScanTables;
  #last = 0;

  constructor(tables: ScanTables) {
    this.#tables = tables;
  }

  read(bits: BitReader, coefficients: Int16Array, at: number): void {
    this.#last += bits.takeSigned(bitsOf(this.#tables.dc.read(bits)));
    coefficients[at] = this.#last;
    for (let place = 1; place < BLOCK_LENGTH; place++) {
      const symbol = this.#tables.ac.read(bits);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && run !== ZERO_RUN) {
        return;
      }
      place += run;
      if (size > 0) {
        coefficients[at + naturalPlace(place)] = bits.takeSigned(size);
      }
    }
  }

  restart(): void {
    this.#last = 0;
  }
}

/** The first bits of the first coefficient (T.81, G.1.2.1). */
export class FirstDc implements BlockReader {
  readonly #table: HuffmanTable;
  readonly #low: number;
  #last = 0;

  constructor(table: HuffmanTable, { low }: Band) {
    this.#table = table;
    this.#low = low;
  }

  read(bits: BitReader, coefficients: Int16Array, at: number): void {
    this.#last += bits.takeSigned(bitsOf(this.#table.read(bits)));
    coefficients[at] = this.#last << this.#low;
  }

  restart(): void {
    this.#last = 0;
  }
}

/** One bit more of the first coefficient. */
export class MoreDc implements BlockReader {
  readonly #bit: number;

  constructor({ low }: Band) {
    this.#bit = 1 << low;
  }

  read(bits: BitReader, coefficients: Int16Array, at: number): void {
    if (bits.take(1) === 1) {
      coefficients[at] = (coefficients[at] as number) | this.#bit;
    }
  }

  restart(): void {
    // Nothing is kept from one block to the next.
  }
}

/** The first bits of other coefficients (T.81, G.1.2.2). */
export class FirstAc implements BlockReader {
  readonly #table: HuffmanTable;
  readonly #band: Band;
  /** How many blocks more bring nothing. */
  #emptyBlocks = 0;

  constructor(table: HuffmanTable, band: Band) {
    this.#table = table;
    this.#band = band;
  }

  read(bits: BitReader, coefficients: Int16Array, at: number): void {
    if (this.#emptyBlocks > 0) {
      this.#emptyBlocks -= 1;
      return;
    }
    const { from, to, low } = this.#band;
    for (let place = from; place <= to; place++) {
      const symbol = this.#table.read(bits);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && run !== ZERO_RUN) {
        this.#emptyBlocks = (1 << run) - 1 + bits.take(run);
        return;
      }
      place += run;
      if (size > 0) {
        coefficients[at + naturalPlace(place)] = bits.takeSigned(size) << low;
      }
    }
  }

  restart(): void {
    this.#emptyBlocks = 0;
  }
}

/** One bit more of other coefficients (T.81, G.1.2.3): of those that are not 0 yet, and new ones between them. */
export class MoreAc implements BlockReader {
  readonly #table: HuffmanTable;
  readonly #band: Band;
  readonly #bit: number;
  #emptyBlocks = 0;

  constructor(table: HuffmanTable, band: Band) {
    this.#table = table;
    this.#band = band;
    this.#bit = 1 << band.low;
  }

  read(bits: BitReader, coefficients: Int16Array, at: number): void {
    let place = this.#band.from;
    while (this.#emptyBlocks === 0 && place <= this.#band.to) {
      place = this.#readNew(bits, coefficients, at, place);
    }
    if (this.#emptyBlocks > 0) {
      this.#passZeros(bits, coefficients, at, { place, zeros: BLOCK_LENGTH });
      this.#emptyBlocks -= 1;
    }
  }

  restart(): void {
    this.#emptyBlocks = 0;
  }

  /** Reads one symbol, and the bits of what it passes. @returns the place behind it */
  #readNew(bits: BitReader, coefficients: Int16Array, at: number, place: number): number {
    const symbol = this.#table.read(bits);
    const [run, size] = [symbol >> 4, symbol & 15];
    if (size === 0 && run !== ZERO_RUN) {
      this.#emptyBlocks = (1 << run) + bits.take(run);
      return place;
    }
    const isPositive = size === 0 || bits.take(1) === 1;
    const end = this.#passZeros(bits, coefficients, at, { place, zeros: run });
    if (size > 0) {
      const natural = naturalPlace(end > this.#band.to ? BLOCK_LENGTH : end);
      coefficients[at + natural] = isPositive ? this.#bit : -this.#bit;
    }
    return end + 1;
  }

  /**
   * Goes past so many coefficients of 0, and takes a bit for each other one on the way.
   * @returns the place of the next 0, or behind the band
   */
  #passZeros(
    bits: BitReader,
    coefficients: Int16Array,
    at: number,
    { place, zeros }: { readonly place: number; readonly zeros: number },
  ): number {
    let left = zeros;
    for (let next = place; next <= this.#band.to; next++) {
      const natural = at + (ZIGZAG[next] as number);
      const value = coefficients[natural] as number;
      if (value === 0) {
        if (left === 0) {
          return next;
        }
        left -= 1;
      } else if (bits.take(1) === 1 && (value & this.#bit) === 0) {
        coefficients[natural] = value + (value > 0 ? this.#bit : -this.#bit);
      }
    }
    return this.#band.to + 1;
  }
}

/** Where a coefficient is in the order of rows. @throws ServingError `INVALID_ARGUMENT` when there is none */
function naturalPlace(place: number): number {
  return ZIGZAG[place] ?? failDamaged();
}

function failDamaged(): never {
  throw badJpeg("its pixels are damaged");
}

/** Of how many bits a first coefficient is. */
function bitsOf(size: number): number {
  return size > 15 ? failDamaged() : size;
}
