import { fstatSync, writeSync } from "node:fs";

/** What is used of `process.stdout` and `process.stderr`. */
interface OutputStream {
  readonly fd: number;
  write(text: string, done: (error?: Error | null) => void): boolean;
}

/** Writes lines to standard output or standard error, and tells whether each has been taken whole. */
export class LineOutput {
  readonly #stream: OutputStream;
  readonly #isFile: boolean;
  /** Whether the last line in the file has no end. */
  #torn = false;

  /** @param stream its errors are this class's callers', and need a listener */
  constructor(stream: OutputStream) {
    this.#stream = stream;
    this.#isFile = fstatSync(stream.fd).isFile();
  }

  /** @throws Error of the system when the line cannot be written, as on a full disk */
  async write(line: string): Promise<void> {
    if (this.#isFile) {
      this.#writeToFile(`${this.#torn ? "\n" : ""}${line}\n`);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#stream.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
    await promise;
  }

  /** Node's stream takes a file that had room for a part of the line for success. */
  #writeToFile(text: string): void {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) {
        written += writeSync(this.#stream.fd, bytes, written);
      }
      this.#torn = false;
    } catch (error) {
      this.#torn ||= written > 0;
      throw error;
    }
  }
}
