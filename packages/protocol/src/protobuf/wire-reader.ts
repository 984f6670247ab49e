import { ProtocolError } from "../errors.ts";
import { defaultWireLimits, type WireLimits } from "./limits.ts";
import { decodeWireText } from "./wire-text.ts";
import { wireTypes } from "./wire-type.ts";

/**
 * Reads protobuf fields in order. {@link next} moves to a field and sets {@link fieldNumber} and {@link wireType}; then
 * exactly one read or {@link skip} takes the value. Every read is checked against the end of the message it is in.
 */
export class WireReader {
  fieldNumber = 0;
  wireType = 0;
  readonly #bytes: Uint8Array;
  /** Made when it is needed: many messages hold no numbers of fixed size. */
  #view: DataView | undefined;
  readonly #maxDepth: number;
  readonly #maxElements: number;
  #offset = 0;
  #end: number;
  #depth = 0;
  #elements = 0;
  #low = 0;
  #high = 0;

  /** @throws ProtocolError `too-large` */
  constructor(bytes: Uint8Array, limits: Partial<WireLimits> = {}) {
    const { maxBytes = defaultWireLimits.maxBytes } = limits;
    this.#maxDepth = limits.maxDepth ?? defaultWireLimits.maxDepth;
    this.#maxElements = limits.maxElements ?? defaultWireLimits.maxElements;
    if (bytes.length > maxBytes) {
      throw new ProtocolError("too-large", "message is too large", {
        expected: `at most ${maxBytes} bytes`,
        actual: `${bytes.length} bytes`,
      });
    }
    // A plain view: a subclass such as Node's Buffer would hand its own type, and slower slices, to every bytes member.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Bytes of the current message not read yet. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Moves to the next field of the current message; false at its end. @throws ProtocolError `bad-field-number` */
  next(): boolean {
    if (this.#offset >= this.#end) {
      return false;
    }
    this.#varint();
    this.wireType = this.#low & 7;
    this.fieldNumber = this.#low >>> 3;
    if (this.#high !== 0 || this.fieldNumber === 0) {
      throw new ProtocolError("bad-field-number", "field number is outside 1 to 2^29-1");
    }
    return true;
  }

  uint32(): number {
    this.#varint();
    return this.#low >>> 0;
  }

  int32(): number {
    this.#varint();
    return this.#low;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  uint64(): bigint {
    this.#varint();
    return this.#high === 0 ? BigInt(this.#low >>> 0) : (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  sint64(): bigint {
    const value = this.uint64();
    return (value >> 1n) ^ -(value & 1n);
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  fixed32(): number {
    return this.#numbers().getUint32(this.#advance(4), true);
  }

  sfixed32(): number {
    return this.#numbers().getInt32(this.#advance(4), true);
  }

  fixed64(): bigint {
    return this.#numbers().getBigUint64(this.#advance(8), true);
  }

  sfixed64(): bigint {
    return this.#numbers().getBigInt64(this.#advance(8), true);
  }

  float(): number {
    return this.#numbers().getFloat32(this.#advance(4), true);
  }

  double(): number {
    return this.#numbers().getFloat64(this.#advance(8), true);
  }

  /** A length-delimited value, as a view into the input (no copy). */
  bytes(): Uint8Array {
    const length = this.#length();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A length-delimited value as text. @throws ProtocolError `bad-utf8` */
  string(): string {
    const length = this.#length();
    const start = this.#advance(length);
    return decodeWireText(this.#bytes, start, start + length);
  }

  /**
   * Steps into the length-delimited value that comes next, so that {@link next} reads its fields.
   * @returns what {@link leave} needs to go back
   * @throws ProtocolError `too-deep`
   */
  enter(): number {
    const length = this.#length();
    this.#expect(length);
    if (++this.#depth > this.#maxDepth) {
      throw new ProtocolError("too-deep", "messages are nested too deeply", {
        expected: `at most ${this.#maxDepth} levels`,
      });
    }
    const outerEnd = this.#end;
    this.#end = this.#offset + length;
    return outerEnd;
  }

  /** Steps out of the value that {@link enter} stepped into; whatever is left of it is passed over. */
  leave(outerEnd: number): void {
    this.#offset = this.#end;
    this.#end = outerEnd;
    this.#depth--;
  }

  /** Notes that `count` more objects come into being. @throws ProtocolError `too-many-elements` */
  countElements(count: number): void {
    this.#elements += count;
    if (this.#elements > this.#maxElements) {
      throw new ProtocolError("too-many-elements", "message has too many elements", {
        expected: `at most ${this.#maxElements}`,
      });
    }
  }

  /** Passes over the value of the current field, groups included. @throws ProtocolError `bad-wire-type` */
  skip(): void {
    const groups: number[] = [];
    do {
      this.#skipOne(groups);
    } while (groups.length > 0 && this.#nextInGroup());
  }

  #numbers(): DataView {
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#view;
  }

  #nextInGroup(): boolean {
    if (!this.next()) {
      throw new ProtocolError("truncated", "a group has no end");
    }
    return true;
  }

  #skipOne(groups: number[]): void {
    switch (this.wireType) {
      case wireTypes.varint:
        this.#varint();
        return;
      case wireTypes.fixed64:
        this.#advance(8);
        return;
      case wireTypes.lengthDelimited:
        this.#advance(this.#length());
        return;
      case wireTypes.startGroup:
        this.#openGroup(groups);
        return;
      case wireTypes.endGroup:
        this.#closeGroup(groups);
        return;
      case wireTypes.fixed32:
        this.#advance(4);
        return;
      default:
        throw new ProtocolError("bad-wire-type", `field ${this.fieldNumber} has wire type ${this.wireType}`);
    }
  }

  #openGroup(groups: number[]): void {
    groups.push(this.fieldNumber);
    if (groups.length + this.#depth > this.#maxDepth) {
      throw new ProtocolError("too-deep", "groups are nested too deeply");
    }
  }

  #closeGroup(groups: number[]): void {
    if (groups.pop() !== this.fieldNumber) {
      throw new ProtocolError("bad-wire-type", `field ${this.fieldNumber} ends a group that did not begin`);
    }
  }

  #length(): number {
    this.#varint();
    return this.#high === 0 ? this.#low >>> 0 : Number.POSITIVE_INFINITY;
  }

  /** Reads a varint of up to 64 bits into two signed 32-bit halves. */
  #varint(): void {
    this.#high = 0;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#low = low;
        return;
      }
    }
    const fifth = this.#byte();
    this.#low = low | ((fifth & 0x7f) << 28);
    this.#high = (fifth & 0x7f) >> 4;
    if (fifth >= 0x80) {
      this.#varintEnd();
    }
  }

  #varintEnd(): void {
    for (let shift = 3; shift < 32; shift += 7) {
      const byte = this.#byte();
      this.#high |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        return;
      }
    }
    throw new ProtocolError("bad-varint", "a varint is longer than ten bytes");
  }

  #byte(): number {
    if (this.#offset >= this.#end) {
      this.#expect(1);
    }
    return this.#bytes[this.#offset++] as number;
  }

  #advance(length: number): number {
    this.#expect(length);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }

  #expect(length: number): void {
    if (length > this.#end - this.#offset) {
      throw new ProtocolError("truncated", "message ends inside a field", {
        expected: `${length} bytes at offset ${this.#offset}`,
        actual: `${this.#end - this.#offset} bytes`,
      });
    }
  }
}
