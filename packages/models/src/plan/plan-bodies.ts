import type { NameAttrList } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { flattenFunction } from "../saved-model/call-graph.ts";
import type { FlatGraph } from "../saved-model/flat-graph.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { neededPart } from "../saved-model/needed-part.ts";
import type { NodeOperation } from "../saved-model/node-operation.ts";
import { originalSource } from "../saved-model/pass-through.ts";
import { FED_STAGE, PlanAssembly } from "./assembly.ts";
import type { BodyPlanner, BodyRequest, FunctionBody, PlannedBody } from "./body-planner.ts";
import { comparedSides } from "./loop-bounds.ts";
import { neededSteps } from "./needed-steps.ts";
import { made, type Origin } from "./origin.ts";
import { planGraph } from "./plan-graph.ts";
import type { GraphContext } from "./planning-context.ts";
import type { UnsupportedOperations } from "./unsupported-operations.ts";

/** Control flow inside of control flow; real models have a few. */
const MAX_DEPTH = 16;
/** Functions that control flow runs, in one signature. Two inside of each of 16 nested ones would be too many. */
const MAX_BODIES = 2_000;
/** Nodes of all these functions. */
const MAX_NODES = 500_000;

/** What all bodies of one signature share. */
interface Shared {
  readonly library: GraphLibrary;
  readonly context: Omit<GraphContext, "fed" | "bodies">;
  readonly unsupported: UnsupportedOperations;
  left: { bodies: number; nodes: number };
}

/** A planner of the functions that one signature's control flow runs. */
export function planBodies(
  library: GraphLibrary,
  context: Shared["context"],
  unsupported: UnsupportedOperations,
): BodyPlanner {
  return plannerAt(0, { library, context, unsupported, left: { bodies: MAX_BODIES, nodes: MAX_NODES } });
}

function plannerAt(depth: number, shared: Shared): BodyPlanner {
  return {
    open: (operation, callee, parameters) => {
      const flat = openFunction(operation, callee, parameters, shared);
      if (depth >= MAX_DEPTH) {
        throw new ModelError("too-large", `control flow of the graph is nested more than ${MAX_DEPTH} times`);
      }
      return functionBody(flat, depth, shared);
    },
  };
}

function openFunction(
  { node }: NodeOperation<Origin>,
  callee: NameAttrList,
  parameters: number,
  { library, unsupported, left }: Shared,
): FlatGraph {
  left.bodies--;
  const admit = (inner: { readonly op: string; readonly name: string }): void => {
    left.nodes--;
    if (left.bodies < 0 || left.nodes < 0) {
      throw new ModelError("too-large", "control flow of the graph runs too many functions, or too large ones");
    }
    unsupported.admit(inner);
  };
  const flat = flattenFunction(library, { callee, name: node.name, parameters, admit });
  unsupported.expectNone();
  return flat;
}

function functionBody(flat: FlatGraph, depth: number, shared: Shared): FunctionBody {
  const context = { ...shared.context, bodies: plannerAt(depth + 1, shared) };
  return {
    graph: flat,
    results: flat.outputs.length,
    compares: comparedSides(flat, shared.library.fill),
    handsOn: (position) => {
      const output = flat.outputs[position];
      const source = output && originalSource(output);
      return source !== undefined && "fed" in source && source.fed === position;
    },
    plan: (request) => planBody(flat, request, context),
    planInto: (assembly, fed, wanted) => planGraph(neededPart(flat, wanted), { ...context, fed }, assembly),
  };
}

function planBody(
  flat: FlatGraph,
  { given, inputs, outputs }: BodyRequest,
  context: Omit<GraphContext, "fed">,
): PlannedBody {
  const assembly = new PlanAssembly();
  const fed = given.map((origin, position): Origin => {
    const { dtype } = origin;
    return origin.kind === "run" ? { kind: "run", name: argumentName(position), dtype, stage: FED_STAGE } : origin;
  });
  const origins = planGraph(flat, { ...context, fed }, assembly);
  const results = outputs.map((position) => made(origins[position] as Origin));
  const names = results.map((origin) => assembly.publish(origin));
  const { constants, steps } = assembly.finish([], context.resources.weightPlaces);
  return {
    plan: { inputs: inputs.map(argumentName), outputs: names, constants, steps: neededSteps(steps, names) },
    dtypes: results.map(({ dtype }) => dtype),
  };
}

function argumentName(position: number): string {
  return `argument_${position}`;
}
