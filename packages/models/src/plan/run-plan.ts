import { isNumberData, type Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphPort } from "../runnable-graph.ts";
import { neededSteps } from "./needed-steps.ts";
import type { Plan, Step } from "./plan.ts";
import { RunBudget, type RunLimits } from "./run-budget.ts";
import { type RunIsland, runSteps } from "./run-steps.ts";
import { RunValues } from "./run-values.ts";

/**
 * Runs a plan: the steps that the wanted outputs need, one after the other.
 * @param inputs all of the plan's, each of its type
 * @param outputs names of the plan's outputs
 * @returns these outputs, none of which shares data with the plan
 * @throws ServingError for inputs that the interpreter fails on, or that take too much time or memory; and what `runIsland`
 *   throws
 */
export async function runPlan<Island>(
  plan: Plan<Island>,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
  runIsland: RunIsland<Island>,
  limits?: RunLimits,
): Promise<Map<string, Tensor>> {
  const budget = new RunBudget(limits);
  const given = [...plan.inputs].map(([alias, { name }]) => [name, takeInput(inputs, alias)] as const);
  const values = new RunValues(budget, [...plan.constants, ...given]);
  const wanted = outputs.map((alias) => [alias, outputPort(plan, alias).name] as const);
  const names = wanted.map(([, name]) => name);
  await runSteps(stepsTo(names, plan.steps), values, { budget, runIsland });
  return new Map(wanted.map(([alias, name]) => [alias, ownCopy(values.get(name))]));
}

/** What was needed last of the steps of a plan: calls mostly want the same outputs. */
const lastNeeded = new WeakMap<object, { readonly names: string; readonly steps: readonly unknown[] }>();

function stepsTo<Island>(names: readonly string[], steps: readonly Step<Island>[]): readonly Step<Island>[] {
  const [key, last] = [names.join(), lastNeeded.get(steps)];
  if (last?.names === key) {
    return last.steps as readonly Step<Island>[];
  }
  const needed = neededSteps(steps, names);
  lastNeeded.set(steps, { names: key, steps: needed });
  return needed;
}

function takeInput(inputs: ReadonlyMap<string, Tensor>, alias: string): Tensor {
  const tensor = inputs.get(alias);
  if (tensor === undefined) {
    throw new ModelError("engine-failed", `a step of the model lacks ${JSON.stringify(alias)}`);
  }
  return tensor;
}

function outputPort({ outputs }: Plan<unknown>, alias: string): GraphPort {
  const port = outputs.get(alias);
  if (port === undefined) {
    throw new ModelError("engine-failed", `the model has no output ${JSON.stringify(alias)}`);
  }
  return port;
}

/** Outputs may be moved to another thread, and constants and inputs can be among them. */
function ownCopy(tensor: Tensor): Tensor {
  const { data } = tensor;
  return isNumberData(data) ? { ...tensor, data: data.slice() } : tensor;
}
