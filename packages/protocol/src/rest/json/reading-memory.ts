import { ServingError } from "../../status/serving-error.ts";

/** What a node takes with all that hangs on it, and what V8 has not yet collected of it: resident memory of the worst documents. */
const NODE_BYTES = 192;

/** Memory of the values of one document while it is read, by estimate. */
export class ReadingMemory {
  readonly #maxBytes: number;
  #nodeBytes = 0;
  #numberBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Notes nodes before they are made. @throws ServingError RESOURCE_EXHAUSTED */
  addNodes(count: number): void {
    this.#nodeBytes += count * NODE_BYTES;
    this.#expectRoom();
  }

  /** Notes how much all numbers together will take, before it is taken. @throws ServingError RESOURCE_EXHAUSTED */
  holdNumbers(bytes: number): void {
    this.#numberBytes = bytes;
    this.#expectRoom();
  }

  #expectRoom(): void {
    if (this.#nodeBytes + this.#numberBytes > this.#maxBytes) {
      throw new ServingError("RESOURCE_EXHAUSTED", "The values of the request take too much memory; try again later");
    }
  }
}
