import { isNumberData, type Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphPort } from "../runnable-graph.ts";
import { type BoundScope, bindScope } from "./bound-steps.ts";
import { neededSteps } from "./needed-steps.ts";
import type { Plan } from "./plan.ts";
import { RunBudget, type RunLimits } from "./run-budget.ts";
import { type RunIsland, runScope } from "./run-steps.ts";

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
  const scope = scopeOf(plan, outputs);
  const given = [...plan.inputs.keys()].map((alias) => takeInput(inputs, alias));
  const results = await runScope(scope, given, { budget: new RunBudget(limits), runIsland });
  return new Map(outputs.map((alias, position) => [alias, ownCopy(results[position] as Tensor)]));
}

/** What was needed last of a plan: calls mostly want the same outputs. */
const lastScopes = new WeakMap<object, { readonly outputs: string; readonly scope: BoundScope<unknown> }>();

function scopeOf<Island>(plan: Plan<Island>, outputs: readonly string[]): BoundScope<Island> {
  const [key, last] = [JSON.stringify(outputs), lastScopes.get(plan)];
  if (last?.outputs === key) {
    return last.scope as BoundScope<Island>;
  }
  const wanted = outputs.map((alias) => outputPort(plan, alias).name);
  const inputs = [...plan.inputs.values()].map(({ name }) => name);
  const steps = neededSteps(plan.steps, wanted);
  const scope = bindScope({ inputs, outputs: wanted, constants: plan.constants, steps });
  lastScopes.set(plan, { outputs: key, scope });
  return scope;
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
