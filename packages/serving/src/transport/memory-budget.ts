import { ServingError } from "@sealserve/protocol";

/** Counts request bytes held at one time, so that many large requests together cannot use up the enclave's memory. */
export class MemoryBudget {
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
      throw new ServingError("RESOURCE_EXHAUSTED", "The server holds too much request data; try again later");
    }
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}
