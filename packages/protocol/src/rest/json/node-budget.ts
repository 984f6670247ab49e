import { invalidArgument } from "../../status/serving-error.ts";

/** How many more nodes a document may have. */
export class NodeBudget {
  #left: number;

  constructor(maxNodes: number) {
    this.#left = maxNodes;
  }

  /** Notes `count` nodes before they are made. @throws ServingError INVALID_ARGUMENT when there are too many */
  take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) {
      throw invalidArgument("JSON document has too many values");
    }
  }
}
