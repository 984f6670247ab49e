import type { Tensor } from "@sealserve/protocol";

import type { Kernel } from "../interpreter/kernel.ts";
import type { GraphPort, RunnableGraph } from "../runnable-graph.ts";
import type { LoopBound } from "./loop-bounds.ts";

/** What has to hold for a step to run: a value of the plan is true, or false. Else it is in a branch that is not taken. */
export interface Guard {
  readonly predicate: string;
  readonly taken: boolean;
}

/** A step that the engine runs. `Island` is its graph, or what has become of it. */
export interface IslandStep<Island> {
  readonly kind: "island";
  readonly island: Island;
  /** Names of the plan's values that go in and come out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly guards: readonly Guard[];
}

/** A step that the interpreter runs. */
export interface KernelStep {
  readonly kind: "kernel";
  /** What it does, for people: the name of TensorFlow's operation. */
  readonly op: string;
  readonly kernel: Kernel;
  /** Names of the plan's values, in the order of the kernel's inputs and outputs. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly guards: readonly Guard[];
}

/** What a function computes that control flow runs as often as it takes: steps that see nothing but its arguments. */
export interface BodyPlan<Island = RunnableGraph> {
  /** Names of its values that are the arguments and the results, in order. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Values that are there before any step. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Those that the outputs need, each behind those it takes its inputs from. */
  readonly steps: readonly Step<Island>[];
}

/** A loop: as long as the condition holds, the body computes new values for the first ones of its arguments. */
export interface LoopStep<Island> {
  readonly kind: "loop";
  readonly condition: BodyPlan<Island>;
  /** What the condition comes to, where that is known. */
  readonly bounds: readonly LoopBound[] | undefined;
  readonly body: BodyPlan<Island>;
  /** Names of the plan's values that are the first arguments of both. */
  readonly inputs: readonly string[];
  /** Names for the values that the loop ends with. */
  readonly outputs: readonly string[];
  readonly guards: readonly Guard[];
}

/** A choice of one of several bodies. */
export interface BranchStep<Island> {
  readonly kind: "branch";
  readonly branches: readonly BodyPlan<Island>[];
  /** What chooses: a truth value, of which true is for the first branch; or a number, of which any other one is for the last. */
  readonly chosenBy: "truth" | "index";
  /** Names of the plan's values: what chooses, then the arguments of every branch. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly guards: readonly Guard[];
}

/** The older control flow: hands its first input on as its first output when the second is false, else as its second. */
export interface SwitchStep {
  readonly kind: "switch";
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly guards: readonly Guard[];
}

/** Hands on the one of its inputs that is there, and its position. Every other step is left out when an input is missing. */
export interface MergeStep {
  readonly kind: "merge";
  readonly inputs: readonly string[];
  /** When each input is there, besides: what is known before a run has no step that could be left out. */
  readonly inputGuards: readonly (readonly Guard[])[];
  readonly outputs: readonly string[];
}

export type Step<Island> =
  | IslandStep<Island>
  | KernelStep
  | LoopStep<Island>
  | BranchStep<Island>
  | SwitchStep
  | MergeStep;

/**
 * What a signature computes, as ONNX graphs for the engine with steps of the interpreter between them. The ports of a graph
 * go by the names of the plan's values, those of the plan by the signature's names.
 */
export interface Plan<Island = RunnableGraph> {
  /** Two names may mean one value: the later one in this order then counts. */
  readonly inputs: ReadonlyMap<string, GraphPort>;
  readonly outputs: ReadonlyMap<string, GraphPort>;
  /** Values that are there before any step. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Each behind those it takes its inputs from. */
  readonly steps: readonly Step<Island>[];
}

/** The bodies that a step runs. */
export function bodiesOf<Island>(step: Step<Island>): readonly BodyPlan<Island>[] {
  if (step.kind === "loop") {
    return [step.condition, step.body];
  }
  return step.kind === "branch" ? step.branches : [];
}

/** The graphs of all steps that the engine runs, those inside of control flow too. */
export function islandsOf<Island>({ steps }: { readonly steps: readonly Step<Island>[] }): Island[] {
  return steps.flatMap((step) => (step.kind === "island" ? [step.island] : bodiesOf(step).flatMap(islandsOf)));
}

/** The steps with another form of each island, those inside of control flow too. */
export function mapIslands<From, To>(steps: readonly Step<From>[], change: (island: From) => To): Step<To>[] {
  return steps.map((step) => mapStep(step, change));
}

function mapStep<From, To>(step: Step<From>, change: (island: From) => To): Step<To> {
  const inBody = (body: BodyPlan<From>): BodyPlan<To> => ({ ...body, steps: mapIslands(body.steps, change) });
  if (step.kind === "island") {
    return { ...step, island: change(step.island) };
  }
  if (step.kind === "loop") {
    return { ...step, condition: inBody(step.condition), body: inBody(step.body) };
  }
  return step.kind === "branch" ? { ...step, branches: step.branches.map(inBody) } : step;
}

/** The graph that does all that the plan does, with the signature's names for its ports; undefined when none does. */
export function soleGraph({ inputs, outputs, steps }: Plan): RunnableGraph | undefined {
  const [step, ...others] = steps;
  if (step?.kind !== "island" || others.length > 0 || step.guards.length > 0) {
    return undefined;
  }
  const { model, ...ports } = step.island;
  const soleInputs = renamePorts(inputs, ports.inputs);
  const soleOutputs = renamePorts(outputs, ports.outputs);
  return soleInputs && soleOutputs && { model, inputs: soleInputs, outputs: soleOutputs };
}

function renamePorts(
  ports: ReadonlyMap<string, GraphPort>,
  byValue: ReadonlyMap<string, GraphPort>,
): Map<string, GraphPort> | undefined {
  const renamed = new Map<string, GraphPort>();
  for (const [alias, { name, dtype, position }] of ports) {
    const port = byValue.get(name);
    if (port === undefined) {
      return undefined;
    }
    renamed.set(alias, { name: port.name, dtype, position });
  }
  return renamed;
}
