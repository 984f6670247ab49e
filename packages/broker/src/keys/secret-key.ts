import { inspect } from "node:util";

/** A key that does not print: neither logs nor JSON nor error dumps ever hold its bytes. */
export class SecretKey {
  readonly #bytes: Uint8Array;

  /** Takes over `bytes`; the caller keeps no copy. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** A copy of the bytes, for the one place that sends them. */
  reveal(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** Overwrites the bytes; {@link reveal} gives zeros afterwards. */
  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
