import { ProtocolError } from "../errors.ts";
import { type ListCodec, type ListName, type ListTypes, listCodecs } from "./list-codec.ts";
import { copyLittleEndian, FEW_BYTES, fewLittleEndianBytes, littleEndianBytes } from "./little-endian.ts";
import { WireReader } from "./wire-reader.ts";
import { wireTypes } from "./wire-type.ts";
import type { WireWriter } from "./wire-writer.ts";

/** Room that a list begins with when its elements come one by one. */
const SPARE_ELEMENTS = 16;

/**
 * Collects a repeated number field, packed or not, into one typed array. A list that comes as one packed chunk, which is
 * how every protobuf writer sends it, costs one exact allocation and, for floats, one memory copy.
 */
export class NumberList<N extends ListName> {
  readonly #codec: ListCodec<ListTypes[N]>;
  #values: ListTypes[N];
  #length = 0;

  constructor(name: N) {
    this.#codec = listCodecs[name];
    this.#values = this.#codec.make(0);
  }

  /** A list that begins with `values`. */
  static from<N extends ListName>(name: N, values: ListTypes[N]): NumberList<N> {
    const list = new NumberList(name);
    list.#values = values;
    list.#length = values.length;
    return list;
  }

  get length(): number {
    return this.#length;
  }

  /** Takes the value of the reader's current field; false, and nothing taken, when its wire type does not fit. */
  read(reader: WireReader): boolean {
    if (reader.wireType === wireTypes.lengthDelimited) {
      this.#readPacked(reader.bytes());
      return true;
    }
    if (reader.wireType !== this.#codec.wireType) {
      return false;
    }
    this.#reserve(1, SPARE_ELEMENTS);
    this.#codec.readAt(reader, this.#values, this.#length++);
    return true;
  }

  /** The numbers read so far, in an array of exactly their number. */
  finish(): ListTypes[N] {
    if (this.#values.length !== this.#length) {
      const exact = this.#codec.make(this.#length);
      copyElements(this.#values, exact, this.#length);
      this.#values = exact;
    }
    return this.#values;
  }

  #readPacked(chunk: Uint8Array): void {
    const count = countElements(chunk, this.#codec.width);
    this.#reserve(count, 0);
    if (this.#codec.width > 0) {
      copyLittleEndian(chunk, this.#values, this.#length);
      this.#length += count;
      return;
    }
    const reader = new WireReader(chunk);
    while (reader.remaining > 0) {
      this.#codec.readAt(reader, this.#values, this.#length++);
    }
  }

  /** Makes room for `count` more elements, and in a list that is empty yet for `spare` in all. */
  #reserve(count: number, spare: number): void {
    const needed = this.#length + count;
    if (needed <= this.#values.length) {
      return;
    }
    const larger = this.#codec.make(Math.max(needed, this.#length === 0 ? spare : 2 * this.#length));
    if (this.#length > 0) {
      copyElements(this.#values, larger, this.#length);
    }
    this.#values = larger;
  }
}

/** Writes numbers as one packed field; an empty list writes nothing. */
export function writeNumberList<N extends ListName>(
  writer: WireWriter,
  fieldNumber: number,
  name: N,
  values: ListTypes[N],
): void {
  const codec: ListCodec<ListTypes[N]> = listCodecs[name];
  if (values.length === 0) {
    return;
  }
  writer.tag(fieldNumber, wireTypes.lengthDelimited);
  if (codec.width > 0) {
    writer.bytes(values.byteLength > FEW_BYTES ? littleEndianBytes(values) : fewLittleEndianBytes(values));
    return;
  }
  writer.delimited((inner) => {
    for (let index = 0; index < values.length; index++) {
      codec.writeAt(inner, values, index);
    }
  });
}

function countElements(chunk: Uint8Array, width: number): number {
  if (width > 0) {
    if (chunk.length % width !== 0) {
      throw new ProtocolError("bad-packed-field", "a packed list does not end with a whole element", {
        expected: `a multiple of ${width} bytes`,
        actual: `${chunk.length} bytes`,
      });
    }
    return chunk.length / width;
  }
  let count = 0;
  for (const byte of chunk) {
    count += byte < 0x80 ? 1 : 0;
  }
  return count;
}

function copyElements(source: ListTypes[ListName], target: ListTypes[ListName], count: number): void {
  const bytes = new Uint8Array(source.buffer, source.byteOffset, count * source.BYTES_PER_ELEMENT);
  new Uint8Array(target.buffer).set(bytes);
}
