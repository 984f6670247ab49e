import { isNumberData, type Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphPort } from "../runnable-graph.ts";
import type { KernelStep, Plan, Step } from "./plan.ts";

/** Runs a step of the engine: gives the asked-for outputs, out of those the step has. */
export type RunIsland<Island> = (
  island: Island,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
) => Promise<ReadonlyMap<string, Tensor>>;

/**
 * Runs a plan: the steps that the wanted outputs need, one after the other.
 * @param inputs all of the plan's, each of its type
 * @param outputs names of the plan's outputs
 * @returns these outputs, none of which shares data with the plan
 * @throws ServingError for inputs that the interpreter fails on; and what `runIsland` throws
 */
export async function runPlan<Island>(
  plan: Plan<Island>,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
  runIsland: RunIsland<Island>,
): Promise<Map<string, Tensor>> {
  const values = new Map(plan.constants);
  for (const [alias, { name }] of plan.inputs) {
    values.set(name, takeValue(inputs, alias));
  }
  const wanted = outputs.map((alias) => [alias, outputPort(plan, alias).name] as const);
  for (const { step, needed } of neededSteps(plan.steps, new Set(wanted.map(([, name]) => name)))) {
    await runStep(step, needed, values, runIsland);
  }
  return new Map(wanted.map(([alias, name]) => [alias, ownCopy(takeValue(values, name))]));
}

interface NeededStep<Island> {
  readonly step: Step<Island>;
  /** Those of its outputs that something needs. */
  readonly needed: readonly string[];
}

/**
 * The steps that lead to values, and those without outputs, which only check something.
 * @param names of the values that are wanted in the end; those that lead to them are added
 */
function neededSteps<Island>(steps: readonly Step<Island>[], names: Set<string>): NeededStep<Island>[] {
  const found: NeededStep<Island>[] = [];
  for (const step of steps.toReversed()) {
    const needed = step.outputs.filter((name) => names.has(name));
    if (needed.length > 0 || step.outputs.length === 0) {
      found.push({ step, needed });
      for (const name of step.inputs) {
        names.add(name);
      }
    }
  }
  return found.toReversed();
}

async function runStep<Island>(
  step: Step<Island>,
  needed: readonly string[],
  values: Map<string, Tensor>,
  runIsland: RunIsland<Island>,
): Promise<void> {
  if (step.kind === "kernel") {
    runKernel(step, values);
    return;
  }
  const inputs = new Map(step.inputs.map((name) => [name, takeValue(values, name)]));
  for (const [name, tensor] of await runIsland(step.island, inputs, needed)) {
    values.set(name, tensor);
  }
}

function runKernel({ kernel, inputs, outputs }: KernelStep, values: Map<string, Tensor>): void {
  const results = kernel.run(inputs.map((name) => takeValue(values, name)));
  for (const [position, name] of outputs.entries()) {
    values.set(name, results[position] as Tensor);
  }
}

function takeValue(values: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = values.get(name);
  if (tensor === undefined) {
    throw new ModelError("engine-failed", `a step of the model lacks ${JSON.stringify(name)}`);
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
