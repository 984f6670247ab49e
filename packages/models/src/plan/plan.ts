import type { Tensor } from "@sealserve/protocol";

import type { Kernel } from "../interpreter/kernel.ts";
import type { GraphPort, RunnableGraph } from "../runnable-graph.ts";

/** A step that the engine runs. `Island` is its graph, or what has become of it. */
export interface IslandStep<Island> {
  readonly kind: "island";
  readonly island: Island;
  /** Names of the plan's values that go in and come out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A step that the interpreter runs. */
export interface KernelStep {
  readonly kind: "kernel";
  readonly kernel: Kernel;
  /** Names of the plan's values, in the order of the kernel's inputs and outputs. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export type Step<Island> = IslandStep<Island> | KernelStep;

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

/** The graphs of all steps that the engine runs. */
export function islandsOf({ steps }: Plan): RunnableGraph[] {
  return steps.flatMap((step) => (step.kind === "island" ? [step.island] : []));
}

/** The graph that does all that the plan does, with the signature's names for its ports; undefined when none does. */
export function soleGraph({ inputs, outputs, steps }: Plan): RunnableGraph | undefined {
  const [step, ...others] = steps;
  if (step?.kind !== "island" || others.length > 0) {
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
