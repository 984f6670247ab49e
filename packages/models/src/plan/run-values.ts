import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { BoundScope, Slot } from "./bound-steps.ts";
import type { RunBudget } from "./run-budget.ts";

/** The values of a plan or a body while it runs, by their numbers. */
export class RunValues {
  readonly #values: (Tensor | undefined)[];
  readonly #names: readonly string[];
  /** Bytes of what steps have computed. */
  #held = 0;
  /** Made when the first value is left out, as in most plans none is. */
  #leftOut: Set<Slot> | undefined;
  readonly #budget: RunBudget;

  /** @param given what the scope's inputs are, in order; as its constants, they do not count as memory of the run */
  constructor(budget: RunBudget, { constants, names, inputs }: BoundScope<unknown>, given: readonly Tensor[]) {
    this.#budget = budget;
    this.#names = names;
    this.#values = constants.slice();
    for (const [position, slot] of inputs.entries()) {
      this.#values[slot] = given[position];
    }
  }

  /** Adds a value that a step has computed. @throws ServingError `RESOURCE_EXHAUSTED` */
  set(slot: Slot, tensor: Tensor): void {
    this.#held += this.#budget.hold(tensor);
    this.#values[slot] = tensor;
  }

  /** Notes that a value will not be there in this run, since it is in a branch that is not taken. */
  leaveOut(slot: Slot): void {
    this.#leftOut ??= new Set();
    this.#leftOut.add(slot);
  }

  /** Whether a value is in a branch that is not taken. */
  isLeftOut(slot: Slot): boolean {
    return this.#leftOut?.has(slot) === true;
  }

  /** Whether none of these values is in a branch that is not taken. */
  areReached(slots: readonly Slot[]): boolean {
    return this.#leftOut === undefined || !slots.some((slot) => this.isLeftOut(slot));
  }

  /**
   * @throws ServingError `INVALID_ARGUMENT` for a value in a branch that is not taken
   * @throws ModelError `engine-failed` when no step has computed it
   */
  get(slot: Slot): Tensor {
    if (this.isLeftOut(slot)) {
      throw invalidArgument("an output of the model is in a branch that these inputs do not take");
    }
    const tensor = this.#values[slot];
    if (tensor === undefined) {
      throw new ModelError("engine-failed", `a step of the model lacks ${JSON.stringify(this.#names[slot])}`);
    }
    return tensor;
  }

  /** Several values, in order. @throws as {@link get} */
  getAll(slots: readonly Slot[]): Tensor[] {
    const tensors: Tensor[] = [];
    for (const slot of slots) {
      tensors.push(this.get(slot));
    }
    return tensors;
  }

  /** Notes that the values are not held any longer. */
  release(): void {
    this.#budget.release(this.#held);
    this.#held = 0;
  }
}
