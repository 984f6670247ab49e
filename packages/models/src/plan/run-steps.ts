import type { Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { expectWalkable } from "../interpreter/outer-sizes.ts";
import type {
  BoundBranch,
  BoundGuard,
  BoundIsland,
  BoundKernel,
  BoundLoop,
  BoundMerge,
  BoundScope,
  BoundStep,
  BoundSwitch,
  Slot,
} from "./bound-steps.ts";
import { chosenBranch, isTrue } from "./choice.ts";
import { areWithin } from "./loop-bounds.ts";
import type { RunBudget } from "./run-budget.ts";
import { RunValues } from "./run-values.ts";

/** Runs a step of the engine: gives the asked-for outputs, out of those the step has. */
export type RunIsland<Island> = (
  island: Island,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
) => Promise<ReadonlyMap<string, Tensor>>;

/** What the steps of one run share. */
export interface RunContext<Island> {
  readonly budget: RunBudget;
  readonly runIsland: RunIsland<Island>;
}

/** So many steps go by between two looks at the time, which costs a fifth of a small one. What can take long has a look by itself. */
const STEPS_PER_LOOK = 8;

/**
 * Runs a scope's steps one after the other, and waits only for those of the engine.
 * @param given what the scope's inputs are, in order
 * @returns its outputs, which no longer count as memory of the run
 * @throws ServingError for inputs that the interpreter fails on, or that take too much time or memory; and what `runIsland`
 *   throws
 */
export async function runScope<Island>(
  scope: BoundScope<Island>,
  given: readonly Tensor[],
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  const values = new RunValues(context.budget, scope, given);
  let position = 0;
  for (const step of scope.steps) {
    if (position++ % STEPS_PER_LOOK === 0) {
      context.budget.expectTime();
    }
    const running = runStep(step, values, context);
    if (running !== undefined) {
      await running;
    }
  }
  values.release();
  return values.getAll(scope.outputs);
}

/** @returns a promise if the step takes more than the interpreter */
function runStep<Island>(
  step: BoundStep<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<void> | undefined {
  if (step.kind === "merge") {
    runMerge(step, values);
  } else if (!(values.areReached(step.inputs) && doGuardsHold(step.guards, values))) {
    leaveOut(step.outputs, values);
  } else if (step.kind === "kernel") {
    runKernel(step, values, context);
  } else if (step.kind === "switch") {
    runSwitch(step, values);
  } else {
    return runWithEngine(step, values, context);
  }
  return undefined;
}

async function runWithEngine<Island>(
  step: BoundIsland<Island> | BoundLoop<Island> | BoundBranch<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<void> {
  context.budget.expectTime();
  switch (step.kind) {
    case "island":
      return setOutputs(step, await runIsland(step, values, context), values);
    case "loop":
      return setOutputs(step, await runLoop(step, values, context), values);
    case "branch":
      return setOutputs(step, await runBranch(step, values, context), values);
  }
}

/** Whether nothing that decides on a step has it left out. */
function doGuardsHold(guards: readonly BoundGuard[], values: RunValues): boolean {
  return guards.every(
    ({ predicate, taken }) => !values.isLeftOut(predicate) && isTrue(values.get(predicate)) === taken,
  );
}

function leaveOut(slots: readonly Slot[], values: RunValues): void {
  for (const slot of slots) {
    values.leaveOut(slot);
  }
}

function runSwitch({ inputs, outputs }: BoundSwitch, values: RunValues): void {
  const [data, predicate] = values.getAll(inputs);
  const taken = isTrue(predicate) ? 1 : 0;
  for (const [branch, slot] of outputs.entries()) {
    if (branch === taken) {
      values.set(slot, data as Tensor);
    } else {
      values.leaveOut(slot);
    }
  }
}

function runMerge({ inputs, inputGuards, outputs }: BoundMerge, values: RunValues): void {
  const position = inputs.findIndex(
    (slot, place) => !values.isLeftOut(slot) && doGuardsHold(inputGuards[place] ?? [], values),
  );
  const slot = inputs[position];
  if (slot === undefined) {
    leaveOut(outputs, values);
    return;
  }
  const index: Tensor = { dtype: "int32", shape: [], data: Int32Array.of(position) };
  setOutputs({ outputs }, [values.get(slot), index], values);
}

function runKernel<Island>(step: BoundKernel, values: RunValues, { budget }: RunContext<Island>): void {
  const given = values.getAll(step.inputs);
  for (const tensor of given) {
    expectWalkable(tensor);
  }
  setOutputs(step, step.kernel.run(given, budget), values);
}

async function runIsland<Island>(
  { island, inputs, inputNames, outputNames }: BoundIsland<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  const feeds = new Map(inputs.map((slot, position) => [inputNames[position] as string, values.get(slot)]));
  const results = await context.runIsland(island, feeds, outputNames);
  return outputNames.map((name) => resultOf(results, name));
}

function resultOf(results: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const result = results.get(name);
  if (result === undefined) {
    throw new ModelError("engine-failed", `a step of the model lacks ${JSON.stringify(name)}`);
  }
  return result;
}

async function runLoop<Island>(
  { condition, bounds, body, inputs, outputs }: BoundLoop<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  let current = values.getAll(inputs);
  for (;;) {
    context.budget.expectTime();
    const goesOn = (bounds && areWithin(bounds, current)) ?? isTrue((await runScope(condition, current, context))[0]);
    if (!goesOn) {
      return current.slice(0, outputs.length);
    }
    current = [...(await runScope(body, current, context)), ...current.slice(outputs.length)];
  }
}

async function runBranch<Island>(
  { branches, chosenBy, inputs }: BoundBranch<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  const [choice, ...given] = values.getAll(inputs);
  const branch = branches[chosenBranch(choice, chosenBy, branches.length)];
  return branch === undefined ? [] : await runScope(branch, given, context);
}

/** Results beyond the outputs that something takes are left. */
function setOutputs(
  { outputs }: { readonly outputs: readonly Slot[] },
  results: readonly Tensor[],
  values: RunValues,
): void {
  for (const [position, slot] of outputs.entries()) {
    values.set(slot, results[position] as Tensor);
  }
}
