import { freeLargeBytes } from "@sealserve/core";

/** Smaller blocks, bytes, are left to the allocator, which has them at hand. */
const SMALLEST = 1 << 17;
/** Most bytes that wait to be used again. */
const MOST_KEPT = 1 << 24;
/** A block is not given to a message of less than this part of it (1/n). */
const MOST_SLACK = 2;
/** For a smaller message there is no block, then. */
const LEAST_FOUND = SMALLEST / MOST_SLACK;

/**
 * Blocks of memory for messages, which serve one after the other: to touch new pages costs more than all copies of what is put there, most of all in
 * an enclave or a virtual machine. A block comes back as a new buffer over the same memory, so that views over it that somebody still
 * has are empty: nobody sees what later requests put there.
 */
export class BlockPool {
  /** The one that came last is given first: it may still be in the processor's cache. */
  readonly #kept: ArrayBuffer[] = [];
  #keptBytes = 0;

  /** Bytes that wait to be used again. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Size of the block that {@link take} gives for `size` bytes, if nothing happens in between. */
  sizeFor(size: number): number {
    if (size < LEAST_FOUND) {
      return size;
    }
    return this.#kept[this.#find(size)]?.byteLength ?? size;
  }

  /** A block of at least `size` bytes, which holds what earlier messages left there, or zeros. */
  take(size: number): Uint8Array<ArrayBuffer> {
    if (size < LEAST_FOUND) {
      return new Uint8Array(size);
    }
    const [found] = this.#kept.splice(this.#find(size), 1);
    this.#keptBytes -= found?.byteLength ?? 0;
    return found === undefined ? new Uint8Array(size) : new Uint8Array(found);
  }

  /** Takes a block that nobody uses any more; what is over it is empty afterwards. One that was moved elsewhere is not there. */
  give(block: Uint8Array): void {
    if (block.length < SMALLEST || block.length > MOST_KEPT || !(block.buffer instanceof ArrayBuffer)) {
      freeLargeBytes(block);
      return;
    }
    const kept = block.buffer.transfer();
    this.#kept.push(kept);
    this.#keptBytes += kept.byteLength;
    this.#dropOldest();
  }

  /** @returns where in the list; its length when there is none */
  #find(size: number): number {
    const found = this.#kept.findLastIndex(({ byteLength }) => byteLength >= size && byteLength <= size * MOST_SLACK);
    return found < 0 ? this.#kept.length : found;
  }

  #dropOldest(): void {
    while (this.#keptBytes > MOST_KEPT) {
      const oldest = this.#kept.shift();
      this.#keptBytes -= oldest?.byteLength ?? 0;
      oldest?.transfer(0);
    }
  }
}
