import type { FileHandle } from "node:fs/promises";

/** Bytes that are written before the disk is made to take them up, while more is written. */
const FLUSH_STEP = 1 << 25;

/** A file that is written. What is written early is flushed early, so that little is left to wait for in the end. */
export class WrittenFile {
  readonly #file: FileHandle;
  #unflushed = 0;
  #flushing = false;
  #lastFlush: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Writes all of `bytes` at `position`. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
    this.#unflushed += bytes.length;
    if (this.#unflushed >= FLUSH_STEP && !this.#flushing) {
      this.#startFlush();
    }
  }

  /** Waits until all of it is on the disk. An error of an early flush is thrown here: the system tells it only once. */
  async flush(): Promise<void> {
    await this.#lastFlush;
    await this.#file.sync();
  }

  #startFlush(): void {
    this.#unflushed = 0;
    this.#flushing = true;
    this.#lastFlush = Promise.all([this.#lastFlush, this.#file.datasync()]).then(() => {
      this.#flushing = false;
    });
    // Taken up by `flush`; until then, or where writing failed for another reason, nobody waits for it.
    this.#lastFlush.catch(() => undefined);
  }
}
