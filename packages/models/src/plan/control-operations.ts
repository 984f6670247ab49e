import type { NameAttrList } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { NodeOperation } from "../saved-model/node-operation.ts";
import type { PlanAssembly } from "./assembly.ts";
import type { FunctionBody } from "./body-planner.ts";
import type { BoundSide, ComparedSide, LoopBound } from "./loop-bounds.ts";
import { planCountedLoop } from "./loops/plan-counted-loop.ts";
import { branchesOf, commonBranches, joinBranches, made, type Origin, unknownValue } from "./origin.ts";
import type { BranchStep } from "./plan.ts";
import type { PlanningContext } from "./planning-context.ts";

/** Plans an operation that runs functions of the graph, and gives the origins of its outputs. */
type ControlOperation = (
  operation: NodeOperation<Origin>,
  context: PlanningContext,
  assembly: PlanAssembly,
) => readonly Origin[];

/**
 * A loop over variables. Those that the body hands on as they are stay what they are, so that the weights among them are
 * constants inside.
 */
const loop: ControlOperation = (operation, context, assembly) => {
  const { length } = operation.inputs;
  const open = (name: string) => context.bodies.open(operation, operation.callee(name), length);
  const [condition, body] = [open("cond"), open("body")];
  expect(condition.results === 1 && body.results === length, operation);
  return (
    planCountedLoop(operation, { condition, body }, context, assembly) ??
    loopOfSteps(operation.withInputs(made), condition, body, assembly)
  );
};

/** The interpreter runs the loop, and the engine what it can of each turn. */
function loopOfSteps(
  operation: NodeOperation<Origin>,
  condition: FunctionBody,
  body: FunctionBody,
  assembly: PlanAssembly,
): readonly Origin[] {
  const { inputs } = operation;
  const carried = [...inputs.keys()].filter((position) => !body.handsOn(position));
  const kept = [...inputs.keys()].filter((position) => body.handsOn(position) && inputs[position]?.kind === "run");
  const given = inputs.map((input, position) => (body.handsOn(position) ? input : variableOf(operation, input)));
  const request = { given, inputs: [...carried, ...kept] };
  const planned = body.plan({ ...request, outputs: carried });
  expect(
    carried.every((position, index) => inputs[position]?.dtype === planned.dtypes[index]),
    operation,
  );
  const bounds = boundsOf(condition, inputs, request.inputs);
  const outputs = assembly.addStep(
    { kind: "loop", condition: condition.plan({ ...request, outputs: [0] }).plan, bounds, body: planned.plan },
    request.inputs.map((position) => inputs[position] as Origin),
    planned.dtypes,
  );
  return inputs.map((input, position) => outputs[carried.indexOf(position)] ?? input);
}

/** @param places of the arguments that are inputs of the step, in order */
function boundsOf(
  { compares }: FunctionBody,
  given: readonly Origin[],
  places: readonly number[],
): readonly LoopBound[] | undefined {
  const sideOf = (side: ComparedSide): BoundSide | undefined => {
    if ("constant" in side) {
      return side;
    }
    const [place, origin] = [places.indexOf(side.argument), given[side.argument]];
    return place >= 0 ? { place } : origin?.kind === "constant" ? { constant: origin.constant } : undefined;
  };
  const bounds = compares?.flatMap(([a, b]): LoopBound[] => {
    const [smaller, larger] = [sideOf(a), sideOf(b)];
    return smaller && larger ? [[smaller, larger]] : [];
  });
  return bounds?.length === compares?.length ? bounds : undefined;
}

/** What a loop changes cannot be a handle: it is not known which one it will be. */
function variableOf(operation: NodeOperation<Origin>, { dtype }: Origin): Origin {
  return dtype === "resource" ? operation.refuse("it changes a handle") : unknownValue(dtype);
}

/** A choice of one of several functions. */
function branch(
  chosenBy: BranchStep<unknown>["chosenBy"],
  callees: (operation: NodeOperation<Origin>) => NameAttrList[],
) {
  const plan: ControlOperation = (operation, { bodies }, assembly) => {
    const given = operation.inputs.slice(1);
    const opened = callees(operation).map((callee) => bodies.open(operation, callee, given.length));
    const results = opened[0]?.results ?? 0;
    expect(opened.length > 0 && opened.every((body) => body.results === results), operation);
    const inputs = [...given.keys()].filter((position) => given[position]?.kind === "run");
    const planned = opened.map((body) => body.plan({ given, inputs, outputs: [...Array(results).keys()] }));
    const dtypes = planned[0]?.dtypes ?? [];
    expect(
      planned.every((body) => body.dtypes.join() === dtypes.join()),
      operation,
    );
    const values = inputs.map((position) => given[position] as Origin);
    const branches = planned.map((body) => body.plan);
    return assembly.addStep({ kind: "branch", branches, chosenBy }, [operation.input(0), ...values], dtypes);
  };
  return plan;
}

/** @throws ModelError `bad-graph` */
function expect(fits: boolean, operation: NodeOperation<Origin>): void {
  if (!fits) {
    throw new ModelError("bad-graph", `the functions of operation ${operation.describe()} do not fit its inputs`);
  }
}

const ifElse = branch("truth", (operation) => [operation.callee("then_branch"), operation.callee("else_branch")]);
const oneOfCases = branch("index", (operation) => [...operation.callees("branches")]);

/**
 * The older form of a choice: what goes through here is there in one of two branches only. What is known before a run stays
 * known in both, and a handle a handle.
 */
const switchBranches: ControlOperation = (operation, _context, assembly) => {
  const [data, predicate] = [operation.input(0), operation.input(1)];
  const around = commonBranches([data, predicate]);
  const branches = [false, true].map((taken) => joinBranches([around, [assembly.branch(predicate, taken)]]));
  return data.kind === "run"
    ? assembly.addStep({ kind: "switch" }, [data, predicate], [data.dtype, data.dtype], branches)
    : branches.map((keys) => assembly.keepIn(keys, data));
};

/** What comes out of a choice is in those branches only that all inputs are in. */
const mergeBranches: ControlOperation = (operation, _context, assembly) => {
  const { inputs } = operation;
  const { dtype } = operation.input(0);
  expect(
    inputs.every((input) => input.dtype === dtype),
    operation,
  );
  const branches = branchesOf(operation.input(0)).filter((key) =>
    inputs.every((input) => branchesOf(input).includes(key)),
  );
  return assembly.addStep({ kind: "merge" }, inputs, [dtype, "int32"], [branches, branches]);
};

const controlOperations: ReadonlyMap<string, ControlOperation> = new Map([
  ["Case", oneOfCases],
  ["If", ifElse],
  ["Merge", mergeBranches],
  ["RefMerge", mergeBranches],
  ["RefSwitch", switchBranches],
  ["StatelessCase", oneOfCases],
  ["StatelessIf", ifElse],
  ["StatelessWhile", loop],
  ["Switch", switchBranches],
  ["While", loop],
]);

/** Whether an operation says itself in which branches its outputs are. */
export function choosesBranches(op: string): boolean {
  const planned = controlOperations.get(op);
  return planned === switchBranches || planned === mergeBranches;
}

/** Whether an operation is a loop, which may do without its lists being made. */
export function isLoop(op: string): boolean {
  return controlOperations.get(op) === loop;
}

/** How an operation that runs functions of the graph is planned; undefined for any other. */
export function findControlOperation(op: string): ControlOperation | undefined {
  return controlOperations.get(op);
}

/** The operations that {@link findControlOperation} finds. */
export function controlNames(): Iterable<string> {
  return controlOperations.keys();
}
