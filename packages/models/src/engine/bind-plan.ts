import { mapIslands, type Plan } from "../plan/plan.ts";
import { runPlan } from "../plan/run-plan.ts";
import type { RunnableGraph } from "../runnable-graph.ts";
import type { RunnableSignature } from "../runnable-signature.ts";

/**
 * A plan as something to run.
 * @param bindIsland gives the graph of an island, whose model is overwritten later, its session
 */
export function bindPlan(plan: Plan, bindIsland: (graph: RunnableGraph) => RunnableSignature): RunnableSignature {
  const bound = { ...plan, steps: mapIslands(plan.steps, bindIsland) };
  return {
    inputs: plan.inputs,
    outputs: [...plan.outputs.keys()],
    run: (inputs, outputs) => runPlan(bound, inputs, outputs, (island, values, names) => island.run(values, names)),
  };
}
