import { ServingError } from "@sealserve/protocol";
import { BlockPool } from "./block-pool.ts";
import type { CallScope } from "./call-scope.ts";

/** Counts bytes of requests, inputs and answers held at one time, so that many large ones together cannot use up the enclave's memory. */
export class MemoryBudget {
  /** Blocks that messages have left for those that come: not counted before one takes them. */
  readonly blocks = new BlockPool();
  readonly #limit: number;
  #held = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** @throws ServingError `RESOURCE_EXHAUSTED` when the bytes do not fit; nothing is counted then */
  reserve(bytes: number): void {
    if (this.#held + bytes > this.#limit) {
      throw new ServingError("RESOURCE_EXHAUSTED", "The server holds too much data; try again later");
    }
    this.#held += bytes;
  }

  /** Reserves the bytes, or half of what is free where that is less, so that others still find room. @returns how many */
  reservePart(bytes: number): number {
    const part = Math.min(bytes, Math.floor((this.#limit - this.#held) / 2));
    this.#held += part;
    return part;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }

  /**
   * Reserves the bytes of an answer until its call's stream closes. For one that is gone already nothing will be sent, and
   * nothing is counted.
   *
   * @throws ServingError `RESOURCE_EXHAUSTED`
   */
  reserveUntilClose(bytes: number, scope: CallScope): void {
    if (!scope.streamIsClosed) {
      this.reserve(bytes);
      scope.whenStreamCloses(() => this.release(bytes));
    }
  }
}
