import { ServingError, type Tensor } from "@sealserve/protocol";

import { sizeInMemory } from "../interpreter/tensor-size.ts";

/** Time that one run may take, milliseconds. A loop whose end depends on a request may have none. */
const MAX_RUN_MS = 60_000;
/** Bytes of all values that a run holds at a time, outside of the engine. */
const MAX_HELD_BYTES = 2 ** 31;

/** What one run of a plan may use up. */
export interface RunLimits {
  readonly milliseconds: number;
  readonly bytes: number;
}

/** Counts what one run of a plan uses up. */
export class RunBudget {
  readonly #limits: RunLimits;
  readonly #started = performance.now();
  #held = 0;

  constructor(limits: RunLimits = { milliseconds: MAX_RUN_MS, bytes: MAX_HELD_BYTES }) {
    this.#limits = limits;
  }

  /** @throws ServingError `RESOURCE_EXHAUSTED` once the time is over */
  expectTime(): void {
    if (performance.now() - this.#started > this.#limits.milliseconds) {
      throw new ServingError("RESOURCE_EXHAUSTED", "The model takes too long for these inputs", {
        expected: `at most ${this.#limits.milliseconds} ms`,
      });
    }
  }

  /** Notes that a value is held. @returns its bytes @throws ServingError `RESOURCE_EXHAUSTED` */
  hold(tensor: Tensor): number {
    const bytes = sizeInMemory(tensor);
    this.#held += bytes;
    if (this.#held > this.#limits.bytes) {
      throw new ServingError("RESOURCE_EXHAUSTED", "The model needs too much memory for these inputs", {
        expected: `at most ${this.#limits.bytes} bytes`,
        actual: `${this.#held} bytes`,
      });
    }
    return bytes;
  }

  /** Notes that so many bytes are no longer held. */
  release(bytes: number): void {
    this.#held -= bytes;
  }
}
