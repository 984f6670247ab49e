import type { Tensor } from "@sealserve/protocol";

import type { Kernel } from "../interpreter/kernel.ts";
import type { LoopBound } from "./loop-bounds.ts";
import type { BodyPlan, BranchStep, Guard, LoopStep, MergeStep, Step } from "./plan.ts";

/** Number of a value among those of its scope, from 0 on. */
export type Slot = number;

/** As {@link Guard}. */
export interface BoundGuard {
  readonly predicate: Slot;
  readonly taken: boolean;
}

/** What every step has that is left out when something it needs is. */
interface Guarded {
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly guards: readonly BoundGuard[];
}

export interface BoundKernel extends Guarded {
  readonly kind: "kernel";
  readonly kernel: Kernel;
}

export interface BoundIsland<Island> extends Guarded {
  readonly kind: "island";
  readonly island: Island;
  /** By which the island knows its inputs and outputs, in their order. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

export interface BoundLoop<Island> extends Guarded {
  readonly kind: "loop";
  readonly condition: BoundScope<Island>;
  readonly bounds: readonly LoopBound[] | undefined;
  readonly body: BoundScope<Island>;
}

export interface BoundBranch<Island> extends Guarded {
  readonly kind: "branch";
  readonly branches: readonly BoundScope<Island>[];
  readonly chosenBy: BranchStep<Island>["chosenBy"];
}

export interface BoundSwitch extends Guarded {
  readonly kind: "switch";
}

export interface BoundMerge {
  readonly kind: "merge";
  readonly inputs: readonly Slot[];
  readonly inputGuards: readonly (readonly BoundGuard[])[];
  readonly outputs: readonly Slot[];
}

type Unguarded<Island> = Omit<BoundLoop<Island>, keyof Guarded> | Omit<BoundBranch<Island>, keyof Guarded>;

/** A step of a plan, with numbers for the names of its values. */
export type BoundStep<Island> =
  | BoundKernel
  | BoundIsland<Island>
  | BoundLoop<Island>
  | BoundBranch<Island>
  | BoundSwitch
  | BoundMerge;

/** Steps whose values are numbered: to look for a value by its name costs about what a small kernel does. */
export interface BoundScope<Island> {
  /** Of the arguments and the results. */
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** One entry for each value: what is there before any step, unless it is an input. */
  readonly constants: readonly (Tensor | undefined)[];
  /** Of the values, for messages. */
  readonly names: readonly string[];
  readonly steps: readonly BoundStep<Island>[];
}

/** Numbers the values of steps, in each body of control flow anew. */
export function bindScope<Island>({ inputs, outputs, constants, steps }: BodyPlan<Island>): BoundScope<Island> {
  const slots = new Slots();
  const bound = {
    inputs: slots.ofAll(inputs),
    steps: steps.map((step) => bindStep(step, slots)),
    outputs: slots.ofAll(outputs),
  };
  const { names } = slots;
  return { ...bound, names, constants: names.map((name) => constants.get(name)) };
}

class Slots {
  readonly #slots = new Map<string, Slot>();

  get names(): readonly string[] {
    return [...this.#slots.keys()];
  }

  of(name: string): Slot {
    const slot = this.#slots.get(name) ?? this.#slots.size;
    this.#slots.set(name, slot);
    return slot;
  }

  ofAll(names: readonly string[]): Slot[] {
    return names.map((name) => this.of(name));
  }
}

function bindStep<Island>(step: Step<Island>, slots: Slots): BoundStep<Island> {
  if (step.kind === "merge") {
    return bindMerge(step, slots);
  }
  const guarded = {
    inputs: slots.ofAll(step.inputs),
    outputs: slots.ofAll(step.outputs),
    guards: bindGuards(step.guards, slots),
  };
  if (step.kind === "kernel") {
    return { kind: "kernel", kernel: step.kernel, ...guarded };
  }
  if (step.kind === "switch") {
    return { kind: "switch", ...guarded };
  }
  return step.kind === "island"
    ? { kind: "island", island: step.island, inputNames: step.inputs, outputNames: step.outputs, ...guarded }
    : { ...bindBodies(step), ...guarded };
}

function bindBodies<Island>(step: LoopStep<Island> | BranchStep<Island>): Unguarded<Island> {
  if (step.kind === "loop") {
    const { condition, bounds, body } = step;
    return { kind: "loop", condition: bindScope(condition), bounds, body: bindScope(body) };
  }
  return { kind: "branch", branches: step.branches.map(bindScope), chosenBy: step.chosenBy };
}

function bindMerge({ inputs, inputGuards, outputs }: MergeStep, slots: Slots): BoundMerge {
  return {
    kind: "merge",
    inputs: slots.ofAll(inputs),
    inputGuards: inputGuards.map((guards) => bindGuards(guards, slots)),
    outputs: slots.ofAll(outputs),
  };
}

function bindGuards(guards: readonly Guard[], slots: Slots): BoundGuard[] {
  return guards.map(({ predicate, taken }) => ({ predicate: slots.of(predicate), taken }));
}
