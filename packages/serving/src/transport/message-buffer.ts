import { ServingError } from "@sealserve/protocol";
import type { MemoryBudget } from "./memory-budget.ts";

/** A message up to this size is allocated on its announcement alone. */
const TRUSTED_LENGTH = 1 << 20;
/** A longer one when this part of it (1/n) has come. */
const TRUST_FACTOR = 16;

/**
 * Collects one request's bytes. Memory follows the bytes that came, not the length that was announced; once enough came,
 * one buffer of the announced length takes the rest without another copy. Buffers start zeroed and belong to one request.
 */
export class MessageBuffer {
  readonly #length: number | undefined;
  readonly #limit: number;
  readonly #budget: MemoryBudget;
  #whole: Uint8Array<ArrayBuffer> | undefined;
  #chunks: Uint8Array[] = [];
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

  /** Takes the next bytes. @throws ServingError */
  append(chunk: Uint8Array): void {
    const received = this.#received + chunk.length;
    if (this.#length !== undefined && received > this.#length) {
      throw new ServingError("INTERNAL", "The request has more bytes than it announced");
    }
    this.#refuseAboveLimit(received);
    this.#makeRoom(received);
    if (this.#whole === undefined) {
      this.#chunks.push(chunk);
    } else {
      this.#whole.set(chunk, this.#received);
    }
    this.#received = received;
  }

  /** The whole message. The memory stays counted until {@link release}. @throws ServingError when bytes are missing */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#length !== undefined && !this.complete) {
      throw new ServingError("INTERNAL", "The request ended before the length it announced");
    }
    return this.#whole ?? joined(this.#chunks, this.#received);
  }

  /** Gives the memory back to the budget; the message must not be used afterwards. */
  release(): void {
    this.#budget.release(this.#reserved);
    this.#reserved = 0;
    this.#chunks = [];
    this.#whole = undefined;
  }

  #makeRoom(received: number): void {
    const length = this.#length;
    const trusted = length !== undefined && length <= Math.max(TRUSTED_LENGTH, received * TRUST_FACTOR);
    this.#reserveUpTo(trusted ? length : received);
    if (trusted && this.#whole === undefined) {
      this.#whole = new Uint8Array(length);
      copyAll(this.#chunks, this.#whole);
      this.#chunks = [];
    }
  }

  #reserveUpTo(bytes: number): void {
    if (bytes > this.#reserved) {
      this.#budget.reserve(bytes - this.#reserved);
      this.#reserved = bytes;
    }
  }

  #refuseAboveLimit(bytes: number): void {
    if (bytes > this.#limit) {
      const message = `Received message larger than max (${bytes} vs. ${this.#limit})`;
      throw new ServingError("RESOURCE_EXHAUSTED", message);
    }
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  copyAll(chunks, whole);
  return whole;
}

function copyAll(chunks: readonly Uint8Array[], target: Uint8Array): void {
  let offset = 0;
  for (const chunk of chunks) {
    target.set(chunk, offset);
    offset += chunk.length;
  }
}
