import { ByteReader, CoreError, decodeUtf8 } from "@sealserve/core";
import { RaTlsError } from "../errors.ts";

const ARGUMENT_WIDTHS = new Map([
  [24, 1],
  [25, 2],
  [26, 4],
  [27, 8],
]);

const MAJOR = { unsigned: 0, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const;

/**
 * Reads the few kinds of CBOR items that evidence is made of (RFC 8949), in order. Definite lengths only, in their
 * shortest form; every other kind of item is refused.
 */
export class CborReader {
  readonly #reader: ByteReader;
  readonly #what: string;

  /** @param what names the input in messages */
  constructor(bytes: Uint8Array, what: string) {
    this.#reader = new ByteReader(bytes);
    this.#what = what;
  }

  /** An unsigned integer of any width: Gramine does not promise the shortest form. */
  unsigned(): bigint {
    return this.#argument(MAJOR.unsigned, "an unsigned integer").value;
  }

  bytes(): Uint8Array {
    return this.#take(this.#length(MAJOR.bytes, "a byte string"));
  }

  text(): string {
    return this.#guard(() => decodeUtf8(this.#take(this.#length(MAJOR.text, "a text string"))));
  }

  /** Number of elements that follow. */
  array(): number {
    return this.#length(MAJOR.array, "an array");
  }

  /** Number of pairs that follow. */
  map(): number {
    return this.#length(MAJOR.map, "a map");
  }

  tag(): number {
    return this.#length(MAJOR.tag, "a tag");
  }

  /** Refuses bytes behind the last item. */
  expectEnd(): void {
    this.#guard(() => this.#reader.expectEnd(this.#what));
  }

  #length(major: number, expected: string): number {
    const { value, shortest } = this.#argument(major, expected);
    if (!shortest || value > 0xffff_ffffn) {
      throw new RaTlsError("bad-cbor", `${this.#what}: length is too large or not in its shortest form`);
    }
    return Number(value);
  }

  #argument(major: number, expected: string): { value: bigint; shortest: boolean } {
    const head = this.#guard(() => this.#reader.u8());
    if (head >> 5 !== major) {
      throw new RaTlsError("bad-cbor", `${this.#what}: not ${expected}`, {
        expected,
        actual: `major type ${head >> 5}`,
      });
    }
    const information = head & 0x1f;
    if (information < 24) {
      return { value: BigInt(information), shortest: true };
    }
    const width = ARGUMENT_WIDTHS.get(information);
    if (width === undefined) {
      throw new RaTlsError("bad-cbor", `${this.#what}: indefinite or reserved length`);
    }
    return bigEndian(this.#take(width));
  }

  #take(length: number): Uint8Array {
    return this.#guard(() => this.#reader.bytes(length));
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof CoreError) {
        throw new RaTlsError("bad-cbor", `${this.#what}: ${cause.message}`, { cause });
      }
      throw cause;
    }
  }
}

function bigEndian(bytes: Uint8Array): { value: bigint; shortest: boolean } {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const smallest = bytes.length === 1 ? 24n : 1n << BigInt(4 * bytes.length);
  return { value, shortest: value >= smallest };
}
