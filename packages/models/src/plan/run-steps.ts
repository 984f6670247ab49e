import type { Tensor } from "@sealserve/protocol";

import { expectWalkable } from "../interpreter/outer-sizes.ts";
import { chosenBranch, isTrue } from "./choice.ts";
import { areWithin } from "./loop-bounds.ts";
import type {
  BodyPlan,
  BranchStep,
  Guard,
  IslandStep,
  KernelStep,
  LoopStep,
  MergeStep,
  Step,
  SwitchStep,
} from "./plan.ts";
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

/**
 * Runs steps one after the other.
 * @param values what is there before; what the steps compute is added
 * @throws ServingError for inputs that the interpreter fails on, or that take too much time or memory; and what `runIsland`
 *   throws
 */
export async function runSteps<Island>(
  steps: readonly Step<Island>[],
  values: RunValues,
  context: RunContext<Island>,
): Promise<void> {
  for (const step of steps) {
    context.budget.expectTime();
    if (step.kind === "merge") {
      runMerge(step, values);
    } else if (!isReached(step.inputs, step.guards, values)) {
      leaveOut(step.outputs, values);
    } else {
      await runStep(step, values, context);
    }
  }
}

/** Whether nothing of this is in a branch that is not taken. */
function isReached(names: readonly string[], guards: readonly Guard[], values: RunValues): boolean {
  return (
    !(values.leavesOut && names.some((name) => values.isLeftOut(name))) &&
    guards.every(({ predicate, taken }) => !values.isLeftOut(predicate) && isTrue(values.get(predicate)) === taken)
  );
}

async function runStep<Island>(
  step: Exclude<Step<Island>, MergeStep>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<void> {
  switch (step.kind) {
    case "kernel":
      return runKernel(step, values, context);
    case "switch":
      return runSwitch(step, values);
    case "island":
      return await runInEngine(step, values, context);
    case "loop":
      return setOutputs(step, await runLoop(step, values, context), values);
    case "branch":
      return setOutputs(step, await runBranch(step, values, context), values);
  }
}

function leaveOut(names: readonly string[], values: RunValues): void {
  for (const name of names) {
    values.leaveOut(name);
  }
}

function runSwitch({ inputs: [data = "", predicate = ""], outputs }: SwitchStep, values: RunValues): void {
  const taken = isTrue(values.get(predicate)) ? 1 : 0;
  for (const [branch, name] of outputs.entries()) {
    if (branch === taken) {
      values.set(name, values.get(data));
    } else {
      values.leaveOut(name);
    }
  }
}

function runMerge({ inputs, inputGuards, outputs }: MergeStep, values: RunValues): void {
  const position = inputs.findIndex((name, place) => isReached([name], inputGuards[place] ?? [], values));
  const name = inputs[position];
  if (name === undefined) {
    leaveOut(outputs, values);
    return;
  }
  const index: Tensor = { dtype: "int32", shape: [], data: Int32Array.of(position) };
  setOutputs({ outputs }, [values.get(name), index], values);
}

function runKernel<Island>(
  { kernel, inputs, outputs }: KernelStep,
  values: RunValues,
  { budget }: RunContext<Island>,
): void {
  const given = inputs.map((name) => values.get(name));
  for (const tensor of given) {
    expectWalkable(tensor);
  }
  setOutputs({ outputs }, kernel.run(given, budget), values);
}

async function runInEngine<Island>(
  { island, inputs, outputs }: IslandStep<Island>,
  values: RunValues,
  { runIsland }: RunContext<Island>,
): Promise<void> {
  const feeds = new Map(inputs.map((name) => [name, values.get(name)]));
  for (const [name, tensor] of await runIsland(island, feeds, outputs)) {
    values.set(name, tensor);
  }
}

async function runLoop<Island>(
  { condition, bounds, body, inputs, outputs }: LoopStep<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  let current = inputs.map((name) => values.get(name));
  for (;;) {
    context.budget.expectTime();
    const goesOn = (bounds && areWithin(bounds, current)) ?? isTrue((await runBody(condition, current, context))[0]);
    if (!goesOn) {
      return current.slice(0, outputs.length);
    }
    current = [...(await runBody(body, current, context)), ...current.slice(outputs.length)];
  }
}

async function runBranch<Island>(
  { branches, chosenBy, inputs }: BranchStep<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  const [choice, ...given] = inputs.map((name) => values.get(name));
  const branch = branches[chosenBranch(choice, chosenBy, branches.length)];
  return branch === undefined ? [] : await runBody(branch, given, context);
}

async function runBody<Island>(
  { inputs, outputs, constants, steps }: BodyPlan<Island>,
  given: readonly Tensor[],
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  const named = inputs.map((name, position) => [name, given[position] as Tensor] as const);
  const values = new RunValues(context.budget, [...constants, ...named]);
  await runSteps(steps, values, context);
  values.release();
  return outputs.map((name) => values.get(name));
}

function setOutputs(
  { outputs }: { readonly outputs: readonly string[] },
  results: readonly Tensor[],
  values: RunValues,
) {
  for (const [position, name] of outputs.entries()) {
    values.set(name, results[position] as Tensor);
  }
}
