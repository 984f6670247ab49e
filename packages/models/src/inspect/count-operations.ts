import { findFedTensors } from "../importer/fed-tensor.ts";
import { findLowering } from "../importer/lowerings.ts";
import { findKernel } from "../interpreter/kernels.ts";
import { isPlannable } from "../plan/plan-graph.ts";
import { flattenFunction } from "../saved-model/call-graph.ts";
import type { FlatNode } from "../saved-model/flat-graph.ts";
import { flatten } from "../saved-model/flatten.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { liftLoops } from "../saved-model/loops/lift-loops.ts";
import type { Signature } from "../signature.ts";
import type { OperationCount, RunBy } from "./model-report.ts";

/** Attributes of control flow that name functions. */
const FUNCTION_ATTRIBUTES = ["cond", "body", "then_branch", "else_branch"] as const;

/**
 * Counts the operations that a signature's outputs need, those of each function that control flow runs once.
 * @throws ModelError for a broken graph
 */
export function countOperations(library: GraphLibrary, signature: Signature): OperationCount[] {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const fed = findFedTensors(library, signature).map(({ tensor }) => tensor);
  const fetched = [...signature.outputs.values()].map(({ tensorName }) => tensorName);
  const lifted = liftLoops(library, { fed, fetched });
  const { nodes, effects } = flatten(lifted, { fed, fetched });
  for (const waiting = [...nodes, ...effects]; waiting.length > 0; ) {
    const node = waiting.pop() as FlatNode;
    counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
    waiting.push(...calledNodes(lifted, node, seen));
  }
  return [...counts]
    .map(([op, count]) => ({ op, nodes: count, runBy: runBy(op) }))
    .sort((a, b) => b.nodes - a.nodes || (a.op < b.op ? -1 : 1));
}

function calledNodes(library: GraphLibrary, node: FlatNode, seen: Set<string>): FlatNode[] {
  const named = FUNCTION_ATTRIBUTES.map((name) => node.attribute(name)?.func);
  const callees = [...named, ...(node.attribute("branches")?.list?.func ?? [])];
  return callees.flatMap((callee) => {
    if (callee === undefined || seen.has(callee.name) || !library.functions.has(callee.name)) {
      return [];
    }
    seen.add(callee.name);
    const parameters = library.functions.get(callee.name)?.parameters.size ?? 0;
    const flat = flattenFunction(library, { callee, name: node.name, parameters, admit: () => undefined });
    return [...flat.nodes, ...flat.effects];
  });
}

function runBy(op: string): RunBy {
  if (findLowering(op) !== undefined) {
    return "engine";
  }
  if (findKernel(op) !== undefined) {
    return "interpreter";
  }
  return isPlannable(op) ? "plan" : "nothing";
}
