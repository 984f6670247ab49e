import { encodeUtf8 } from "@sealserve/core";

/** Characters that are joined and encoded at once: enough to make that cheap, too few to hold a large answer twice. */
const LONGEST_RUN = 2 ** 18;

/** Collects text, and bytes that need not be text, into one byte string. */
export class TextSink {
  readonly #done: Uint8Array[] = [];
  #text = "";

  text(text: string): void {
    this.#text += text;
    if (this.#text.length >= LONGEST_RUN) {
      this.#flush();
    }
  }

  bytes(bytes: Uint8Array): void {
    this.#flush();
    this.#done.push(bytes);
  }

  finish(): Uint8Array<ArrayBuffer> {
    if (this.#done.length === 0) {
      return encodeUtf8(this.#text);
    }
    this.#flush();
    const whole = new Uint8Array(this.#done.reduce((length, part) => length + part.length, 0));
    let offset = 0;
    for (const part of this.#done) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  #flush(): void {
    if (this.#text !== "") {
      this.#done.push(encodeUtf8(this.#text));
      this.#text = "";
    }
  }
}
