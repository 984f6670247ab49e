import { encodeUtf8 } from "@sealserve/core";

const MAX_UINT32 = 0xffff_ffffn;
const FIRST_BLOCK = 256;
const LARGEST_BLOCK = 8192;
const KEEP_BY_REFERENCE = 512;
/** Up to this length a text is looked at character by character, which beats the encoder's set-up. */
const SHORT_TEXT = 64;
/** Up to this length bytes are copied one by one. */
const SHORT_COPY = 48;
/** Writers that wait to be used again. Making one costs more than most messages. */
const idle: WireWriter[] = [];
const MOST_IDLE = 8;

/**
 * What `write` writes, in a block of exactly its size.
 * @param allocate makes the block, whose content does not matter: all of it is overwritten
 */
export function encodeWith(
  write: (writer: WireWriter) => void,
  allocate: (length: number) => Uint8Array<ArrayBuffer> = (length) => new Uint8Array(length),
): Uint8Array<ArrayBuffer> {
  const writer = idle.pop() ?? new WireWriter();
  write(writer);
  const whole = writer.finish(allocate);
  writer.recycle();
  return whole;
}

/**
 * Writes protobuf fields. Long byte strings are kept by reference until {@link finish} copies everything once into a
 * buffer of the exact size, so they must not change before that.
 */
export class WireWriter {
  readonly #parts: Uint8Array[] = [];
  #partsLength = 0;
  #block = new Uint8Array(FIRST_BLOCK);
  #view = new DataView(this.#block.buffer);
  #start = 0;
  #used = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#partsLength + this.#used - this.#start;
  }

  tag(fieldNumber: number, wireType: number): this {
    return this.uint32(((fieldNumber << 3) | wireType) >>> 0);
  }

  uint32(value: number): this {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.#block[this.#used++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#block[this.#used++] = rest;
    return this;
  }

  /** Negative numbers take ten bytes: they are extended to 64 bits. */
  int32(value: number): this {
    return value < 0 ? this.uint64(BigInt(value)) : this.uint32(value);
  }

  sint32(value: number): this {
    return this.uint32((value << 1) ^ (value >> 31));
  }

  uint64(value: bigint): this {
    if (value >= 0n && value <= MAX_UINT32) {
      return this.uint32(Number(value));
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.#block[this.#used++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#block[this.#used++] = Number(rest);
    return this;
  }

  int64(value: bigint): this {
    return this.uint64(value);
  }

  sint64(value: bigint): this {
    return this.uint64((value << 1n) ^ (value >> 63n));
  }

  bool(value: boolean): this {
    return this.uint32(value ? 1 : 0);
  }

  fixed32(value: number): this {
    const offset = this.#take(4);
    this.#view.setUint32(offset, value, true);
    return this;
  }

  sfixed32(value: number): this {
    const offset = this.#take(4);
    this.#view.setInt32(offset, value, true);
    return this;
  }

  fixed64(value: bigint): this {
    const offset = this.#take(8);
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  sfixed64(value: bigint): this {
    const offset = this.#take(8);
    this.#view.setBigInt64(offset, value, true);
    return this;
  }

  float(value: number): this {
    const offset = this.#take(4);
    this.#view.setFloat32(offset, value, true);
    return this;
  }

  double(value: number): this {
    const offset = this.#take(8);
    this.#view.setFloat64(offset, value, true);
    return this;
  }

  /** Length and bytes. */
  bytes(value: Uint8Array): this {
    return this.uint32(value.length).raw(value);
  }

  /** Length and UTF-8 bytes. */
  string(value: string): this {
    return value.length <= SHORT_TEXT && this.#asciiText(value) ? this : this.bytes(encodeUtf8(value));
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): this {
    if (value.length >= KEEP_BY_REFERENCE) {
      this.#flush();
      this.#push(value);
      return this;
    }
    const start = this.#take(value.length);
    this.#block.set(value, start);
    return this;
  }

  /** Length and value of what `write` makes: an embedded message, or a packed list. */
  delimited(write: (inner: WireWriter) => void): this {
    const inner = idle.pop() ?? new WireWriter();
    write(inner);
    this.uint32(inner.length);
    for (const part of inner.#parts) {
      this.raw(part);
    }
    this.#copy(inner.#block, inner.#start, inner.#used);
    inner.recycle();
    return this;
  }

  /** Everything written, in a block of exactly its size. @param allocate as of {@link encodeWith} */
  finish(
    allocate: (length: number) => Uint8Array<ArrayBuffer> = (length) => new Uint8Array(length),
  ): Uint8Array<ArrayBuffer> {
    const whole = allocate(this.length);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    whole.set(this.#block.subarray(this.#start, this.#used), offset);
    return whole;
  }

  /** Writes a text of ASCII characters alone; false, with nothing written, for another one. */
  #asciiText(value: string): boolean {
    this.#reserve(1 + value.length);
    const start = this.#used + 1;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        return false;
      }
      this.#block[start + index] = code;
    }
    this.#block[this.#used] = value.length;
    this.#used = start + value.length;
    return true;
  }

  /**
   * Has a writer that nobody uses any more used again. Only one whose bytes were copied out: longer ones were kept by
   * reference.
   */
  recycle(): void {
    if (this.#parts.length === 0 && this.length < KEEP_BY_REFERENCE && idle.length < MOST_IDLE) {
      this.#start = 0;
      this.#used = 0;
      idle.push(this);
    }
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#partsLength += part.length;
  }

  /** Bytes of another block; few are copied one by one, which beats a view of them. */
  #copy(block: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > SHORT_COPY) {
      this.raw(block.subarray(start, end));
      return;
    }
    const place = this.#take(length);
    for (let index = 0; index < length; index++) {
      this.#block[place + index] = block[start + index] as number;
    }
  }

  #flush(): void {
    if (this.#used > this.#start) {
      this.#push(this.#block.subarray(this.#start, this.#used));
      this.#start = this.#used;
    }
  }

  #take(size: number): number {
    this.#reserve(size);
    const start = this.#used;
    this.#used += size;
    return start;
  }

  #reserve(size: number): void {
    if (this.#used + size <= this.#block.length) {
      return;
    }
    this.#flush();
    this.#block = new Uint8Array(Math.max(size, Math.min(LARGEST_BLOCK, this.#block.length * 2)));
    this.#view = new DataView(this.#block.buffer);
    this.#start = 0;
    this.#used = 0;
  }
}
