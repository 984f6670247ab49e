import { inspect } from "node:util";

/** A key that does not print: neither logs nor JSON nor error dumps ever hold its bytes. */
export class SecretKey {
  readonly #bytes: Uint8Array;
  #wiped = false;

  /** Takes over `bytes`; the caller keeps no copy. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** A copy of the bytes, for the one place that sends them. @throws Error once they are wiped: zeros would be a key, too */
  reveal(): Uint8Array {
    if (this.#wiped) {
      throw new Error("the key was wiped");
    }
    return Uint8Array.from(this.#bytes);
  }

  /** Overwrites the bytes. */
  wipe(): void {
    this.#wiped = true;
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
