import type { Tensor } from "@sealserve/protocol";

import { chosenBranch, isTrue } from "./choice.ts";
import type { BodyPlan, BranchStep, IslandStep, KernelStep, LoopStep, Step } from "./plan.ts";
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
    if (step.kind === "kernel") {
      runKernel(step, values);
    } else if (step.kind === "island") {
      await runInEngine(step, values, context);
    } else {
      const results = await (step.kind === "loop" ? runLoop : runBranch)(step as never, values, context);
      setOutputs(step, results, values);
    }
  }
}

function runKernel({ kernel, inputs, outputs }: KernelStep, values: RunValues): void {
  setOutputs({ outputs }, kernel.run(inputs.map((name) => values.get(name))), values);
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
  { condition, body, inputs, outputs }: LoopStep<Island>,
  values: RunValues,
  context: RunContext<Island>,
): Promise<readonly Tensor[]> {
  let current = inputs.map((name) => values.get(name));
  for (;;) {
    context.budget.expectTime();
    const [goesOn] = await runBody(condition, current, context);
    if (!isTrue(goesOn)) {
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
