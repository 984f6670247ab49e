import { ModelError } from "../errors.ts";
import { bodiesOf, type IslandStep, type Step } from "../plan/plan.ts";
import type { RunnableGraph } from "../runnable-graph.ts";

/** Steps that a refusal names at most. */
const MAX_NAMED = 10;

/**
 * The one step of a plan that is all the engine's; undefined for a plan without any steps.
 * @throws ModelError `not-convertible` that names the steps which are not the engine's
 */
export function expectSoleIsland(
  key: string,
  steps: readonly Step<RunnableGraph>[],
): IslandStep<RunnableGraph> | undefined {
  const [first, ...others] = steps;
  if (first === undefined || (first.kind === "island" && others.length === 0)) {
    return first;
  }
  const names = [...new Set(steps.flatMap(namesOutside))];
  const rest = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  const what = `signature ${JSON.stringify(key)} is not one ONNX graph`;
  throw new ModelError(
    "not-convertible",
    `${what}: the engine does not run ${names.slice(0, MAX_NAMED).join(", ")}${rest}`,
    {
      remedy: "choose another signature with --signature, or serve the SavedModel as it is",
    },
  );
}

function namesOutside(step: Step<RunnableGraph>): string[] {
  if (step.kind === "island") {
    return [];
  }
  const inside = bodiesOf(step).flatMap((body) => body.steps.flatMap(namesOutside));
  return [step.kind === "kernel" ? step.op : `a ${step.kind}`, ...inside];
}
