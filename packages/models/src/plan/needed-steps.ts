import { bodiesOf, type Guard, type Step } from "./plan.ts";

/**
 * The steps that lead to values, and those that check something. Of an island's outputs those are left that something needs.
 * @param wanted names of the values
 */
export function neededSteps<Island>(steps: readonly Step<Island>[], wanted: Iterable<string>): Step<Island>[] {
  const names = new Set(wanted);
  const found: Step<Island>[] = [];
  for (const step of steps.toReversed()) {
    const outputs = step.outputs.filter((name) => names.has(name));
    if (outputs.length > 0 || checksSomething(step)) {
      found.push(step.kind === "island" ? { ...step, outputs } : step);
      for (const name of [...step.inputs, ...guardsOf(step).map(({ predicate }) => predicate)]) {
        names.add(name);
      }
    }
  }
  return found.toReversed();
}

function guardsOf<Island>(step: Step<Island>): readonly Guard[] {
  return step.kind === "merge" ? step.inputGuards.flat() : step.guards;
}

/** A step without outputs is there because it can fail the run. */
function checksSomething<Island>(step: Step<Island>): boolean {
  return step.outputs.length === 0 || bodiesOf(step).some((body) => body.steps.some(checksSomething));
}
