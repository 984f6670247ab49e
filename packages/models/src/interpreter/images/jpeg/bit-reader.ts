import { badJpeg } from "./bad-jpeg.ts";

/** Reads the bits of a scan, in which a byte of 0xff stands before a 0, or belongs to a marker, where the bits end. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #buffer = 0;
  /** Bits in the buffer that have not been taken. */
  #count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Where the next byte is that no bit has been taken from, once all bits are taken: a marker. */
  get position(): number {
    return this.#at;
  }

  /** The next bits, up to 16; zeros where there are none any more. */
  peek(count: number): number {
    if (this.#count < count) {
      this.#fill();
    }
    const spare = this.#count - count;
    const bits = spare >= 0 ? this.#buffer >>> spare : this.#buffer << -spare;
    return bits & ((1 << count) - 1);
  }

  /** Goes on by bits that were looked at. @throws ServingError `INVALID_ARGUMENT` when there are fewer */
  skip(count: number): void {
    this.#count -= count;
    if (this.#count < 0) {
      throw badJpeg("its pixels are cut off");
    }
  }

  /** Takes up to 16 bits as a number. @throws ServingError `INVALID_ARGUMENT` when there are fewer */
  take(count: number): number {
    const bits = this.peek(count);
    this.skip(count);
    return bits;
  }

  /** Takes a number of `count` bits, of which those that begin with 0 are negative (T.81, F.2.2.1). */
  takeSigned(count: number): number {
    if (count === 0) {
      return 0;
    }
    const bits = this.take(count);
    return bits < 1 << (count - 1) ? bits - (1 << count) + 1 : bits;
  }

  /** Leaves out what is left of the bits up to the next marker, which must be the restart of this number. */
  restart(number: number): void {
    this.#buffer = 0;
    this.#count = 0;
    while (this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] === 0xff) {
      this.#at += 1;
    }
    if (this.#bytes[this.#at] !== 0xff || this.#bytes[this.#at + 1] !== 0xd0 + number) {
      throw badJpeg("a restart of its pixels is missing");
    }
    this.#at += 2;
  }

  #fill(): void {
    while (this.#count <= 24) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || (byte === 0xff && this.#bytes[this.#at + 1] !== 0)) {
        return;
      }
      this.#at += byte === 0xff ? 2 : 1;
      this.#buffer = (this.#buffer << 8) | byte;
      this.#count += 8;
    }
  }
}
