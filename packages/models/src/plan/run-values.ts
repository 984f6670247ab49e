import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { RunBudget } from "./run-budget.ts";

/** The values of a plan or a body while it runs, by name. */
export class RunValues {
  readonly #values = new Map<string, Tensor>();
  readonly #own: Tensor[] = [];
  readonly #leftOut = new Set<string>();
  readonly #budget: RunBudget;

  /** @param given values from elsewhere, such as constants, which do not count as memory of the run */
  constructor(budget: RunBudget, given: Iterable<readonly [string, Tensor]>) {
    this.#budget = budget;
    for (const [name, tensor] of given) {
      this.#values.set(name, tensor);
    }
  }

  /** Adds a value that a step has computed. @throws ServingError `RESOURCE_EXHAUSTED` */
  set(name: string, tensor: Tensor): void {
    this.#budget.hold(tensor);
    this.#own.push(tensor);
    this.#values.set(name, tensor);
  }

  /** Notes that a value will not be there in this run, since it is in a branch that is not taken. */
  leaveOut(name: string): void {
    this.#leftOut.add(name);
  }

  /** Whether some value is in a branch that is not taken. */
  get leavesOut(): boolean {
    return this.#leftOut.size > 0;
  }

  /** Whether a value is in a branch that is not taken. */
  isLeftOut(name: string): boolean {
    return this.#leftOut.has(name);
  }

  /**
   * @throws ServingError `INVALID_ARGUMENT` for a value in a branch that is not taken
   * @throws ModelError `engine-failed` when no step has computed it
   */
  get(name: string): Tensor {
    if (this.#leftOut.has(name)) {
      throw invalidArgument("an output of the model is in a branch that these inputs do not take");
    }
    const tensor = this.#values.get(name);
    if (tensor === undefined) {
      throw new ModelError("engine-failed", `a step of the model lacks ${JSON.stringify(name)}`);
    }
    return tensor;
  }

  /** Notes that the values are not held any longer. */
  release(): void {
    for (const tensor of this.#own.splice(0)) {
      this.#budget.release(tensor);
    }
  }
}
