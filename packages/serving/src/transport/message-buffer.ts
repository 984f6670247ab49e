import { ServingError } from "@sealserve/protocol";
import type { MemoryBudget } from "./memory-budget.ts";

/** A message up to this size is allocated on its announcement alone. */
const TRUSTED_LENGTH = 1 << 20;
/** A longer one when this part of it (1/n) has come. */
const TRUST_FACTOR = 16;
const NO_BYTES = new Uint8Array();

/**
 * Collects one request's bytes by copying them into one block, so that a byte costs the same however small its chunk was.
 * The block doubles with the bytes that came, whatever length was announced; once enough came, one of the announced length
 * takes the rest. All of a block counts as held. A block belongs to one request at a time, and nothing of those before is left in
 * one that is handed out.
 */
export class MessageBuffer {
  readonly #length: number | undefined;
  readonly #limit: number;
  readonly #budget: MemoryBudget;
  #block = NO_BYTES;
  #received = 0;
  #reserved = 0;

  /**
   * @param length bytes announced, where known
   * @param limit most bytes accepted
   * @throws ServingError `RESOURCE_EXHAUSTED` when the announcement is above the limit
   */
  constructor(length: number | undefined, limit: number, budget: MemoryBudget) {
    this.#length = length;
    this.#limit = limit;
    this.#budget = budget;
    this.#refuseAboveLimit(length ?? 0);
  }

  /** Whether all announced bytes have come. */
  get complete(): boolean {
    return this.#received === this.#length;
  }

  /** Announced bytes that have not come yet. */
  get missing(): number {
    return (this.#length ?? this.#received) - this.#received;
  }

  /** Takes the next bytes. @throws ServingError */
  append(chunk: Uint8Array): void {
    const received = this.#received + chunk.length;
    if (this.#length !== undefined && received > this.#length) {
      throw new ServingError("INTERNAL", "The request has more bytes than it announced");
    }
    this.#refuseAboveLimit(received);
    this.#growTo(this.#capacityFor(received));
    this.#block.set(chunk, this.#received);
    this.#received = received;
  }

  /** The whole message. The memory stays counted until {@link release}. @throws ServingError when bytes are missing */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#length !== undefined && !this.complete) {
      throw new ServingError("INTERNAL", "The request ended before the length it announced");
    }
    const block = this.#block;
    if (block.length === this.#received) {
      return block;
    }
    block.fill(0, this.#received);
    return block.subarray(0, this.#received);
  }

  /** Gives the memory back to the budget; the message must not be used afterwards. */
  release(): void {
    this.#budget.release(this.#reserved);
    this.#reserved = 0;
    this.#budget.blocks.give(this.#block);
    this.#block = NO_BYTES;
  }

  #capacityFor(received: number): number {
    const length = this.#length;
    if (length !== undefined && length <= Math.max(TRUSTED_LENGTH, received * TRUST_FACTOR)) {
      return length;
    }
    const held = this.#block.length;
    return received <= held ? held : Math.min(length ?? this.#limit, Math.max(received, 2 * held));
  }

  #growTo(capacity: number): void {
    const held = this.#block;
    if (capacity > held.length) {
      const { blocks } = this.#budget;
      const size = blocks.sizeFor(capacity);
      // Both blocks are there while one is copied into the other.
      this.#budget.reserve(size);
      this.#reserved += size;
      this.#block = blocks.take(capacity);
      this.#block.set(held);
      this.#budget.release(held.length);
      this.#reserved -= held.length;
      blocks.give(held);
    }
  }

  #refuseAboveLimit(bytes: number): void {
    if (bytes > this.#limit) {
      const message = `Received message larger than max (${bytes} vs. ${this.#limit})`;
      throw new ServingError("RESOURCE_EXHAUSTED", message);
    }
  }
}
