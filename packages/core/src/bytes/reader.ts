import { CoreError } from "../errors.ts";

/** Reads little-endian fields from a byte string in order; every read is checked against the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next `length` bytes, as a view (no copy). @throws CoreError `truncated` */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** Refuses bytes that nothing has read. @throws CoreError `trailing-bytes` */
  expectEnd(what: string): void {
    if (this.remaining !== 0) {
      throw new CoreError("trailing-bytes", `${what} has bytes behind its end`, { actual: `${this.remaining} bytes` });
    }
  }

  #advance(length: number): number {
    // Also refuses NaN and negative lengths, which a caller's subtraction could produce.
    if (!(length >= 0 && length <= this.remaining)) {
      throw new CoreError("truncated", "input ends too early", {
        expected: `${length} bytes at offset ${this.#offset}`,
        actual: `${this.remaining} bytes`,
      });
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
