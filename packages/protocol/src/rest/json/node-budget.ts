import { invalidArgument } from "../../status/serving-error.ts";
import type { ReadingMemory } from "./reading-memory.ts";

/** How many more nodes a document may have. */
export class NodeBudget {
  readonly #memory: ReadingMemory;
  #left: number;

  constructor(maxNodes: number, memory: ReadingMemory) {
    this.#left = maxNodes;
    this.#memory = memory;
  }

  /**
   * Notes `count` nodes before they are made.
   * @throws ServingError INVALID_ARGUMENT when there are too many, RESOURCE_EXHAUSTED when they take too much memory
   */
  take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) {
      throw invalidArgument("JSON document has too many values");
    }
    this.#memory.addNodes(count);
  }
}
