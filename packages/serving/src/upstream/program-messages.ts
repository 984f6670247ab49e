import type { Readable } from "node:stream";
import type { Log } from "../log.ts";

const MAX_LINES = 100;
const MAX_LINE_LENGTH = 300;
/** Whatever could change how a log is read: control characters, and those that turn the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}]/gu;

/**
 * Passes on what a program writes to its standard error: until it serves, line by line and bounded; from then on it may quote
 * requests (threat E4), so that only its bytes are counted.
 */
export class ProgramMessages {
  readonly #log: Log;
  readonly #model: string;
  #lines = 0;
  #rest = "";
  #serves = false;
  #withheldBytes = 0;

  constructor(stream: Readable, model: string, log: Log) {
    this.#log = log;
    this.#model = model;
    stream.on("data", (chunk: Uint8Array) => this.#take(chunk));
    stream.on("error", () => undefined);
  }

  /** Bytes that were not passed on. */
  get withheldBytes(): number {
    return this.#withheldBytes;
  }

  /** From now on nothing is passed on. */
  withhold(): void {
    this.#serves = true;
    this.#rest = "";
  }

  #take(chunk: Uint8Array): void {
    if (this.#serves || this.#lines >= MAX_LINES) {
      this.#withheldBytes += chunk.length;
      return;
    }
    const lines = (this.#rest + Buffer.from(chunk).toString("latin1")).split("\n");
    this.#rest = lines.pop()?.slice(0, MAX_LINE_LENGTH) ?? "";
    for (const line of lines.slice(0, MAX_LINES - this.#lines)) {
      this.#lines++;
      const message = line.slice(0, MAX_LINE_LENGTH).replaceAll(UNPRINTABLE, " ").trim();
      this.#log("engine-message", { model: this.#model, message });
    }
  }
}
