import { withBodies } from "../onnx/bodies.ts";
import { ModelProto } from "../onnx/schema.ts";
import { bodiesOf, type Step } from "../plan/plan.ts";
import type { RunnableGraph } from "../runnable-graph.ts";
import type { StepOutline } from "./model-report.ts";

/** The steps of a plan, for people. */
export function outlineSteps(steps: readonly Step<RunnableGraph>[]): StepOutline[] {
  return steps.map((step) => ({
    kind: step.kind,
    operations: operationsOf(step),
    inputs: step.inputs,
    outputs: step.outputs,
    bodies: bodiesOf(step).map((body) => outlineSteps(body.steps)),
  }));
}

/** A graph that the engine runs as a whole, as one step. */
export function outlineGraph({ model, inputs, outputs }: RunnableGraph): StepOutline {
  return {
    kind: "island",
    operations: countNodes(model),
    inputs: [...inputs.keys()],
    outputs: [...outputs.keys()],
    bodies: [],
  };
}

function operationsOf(step: Step<RunnableGraph>): Record<string, number> {
  if (step.kind === "island") {
    return countNodes(step.island.model);
  }
  return step.kind === "kernel" ? { [step.op]: 1 } : {};
}

function countNodes(model: Uint8Array): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of withBodies(ModelProto.decode(model).graph?.node ?? [])) {
    counts.set(opType, (counts.get(opType) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
