import type { FlatControl, FlatGraph, FlatNode, FlatSource } from "./flat-graph.ts";
import type { GraphLibrary } from "./graph-library.ts";
import { originalSource } from "./pass-through.ts";
import { variableIdentity } from "./variables.ts";

const ASSIGNMENTS: ReadonlySet<string> = new Set(["AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"]);
/** Operations that do nothing but give a value: where nobody takes it, they are not needed. */
const ONLY_GIVES: ReadonlySet<string> = new Set(["Const", "Identity", "ReadVariableOp", "VarHandleOp"]);

/** Whether an operation may be an assignment that is left out. */
export function isAssignment(op: string): boolean {
  return ASSIGNMENTS.has(op);
}

/**
 * Leaves out assignments to variables that no signature's answer depends on, such as the state of a generator of random numbers that
 * only training uses. Others stay.
 * @param graph of a signature
 * @param usedVariables those of {@link findUsedVariables} for the model
 */
export function withoutInertAssignments(graph: FlatGraph, usedVariables: () => ReadonlySet<string>): FlatGraph {
  if (graph.effects.every((node) => assignedVariable(node) === undefined)) {
    return graph;
  }
  const used = usedVariables();
  return withoutAssignments(graph, (variable) => !used.has(variable));
}

/**
 * Identities of the variables that an answer may depend on.
 * @param graphs of all signatures of the model
 */
export function findUsedVariables(library: GraphLibrary, graphs: Iterable<FlatGraph>): ReadonlySet<string> {
  const used = new Set(variablesOfFunctions(library));
  for (const graph of graphs) {
    for (const variable of variablesOf(withoutAssignments(graph, () => true))) {
      used.add(variable);
    }
  }
  return used;
}

/** Identity of the variable that an assignment sets; undefined for other nodes, and where it is not known. */
function assignedVariable(node: FlatNode): string | undefined {
  const [handle] = node.inputs;
  const original = isAssignment(node.op) && handle !== undefined ? originalSource(handle) : undefined;
  return original !== undefined && "node" in original && original.node.op === "VarHandleOp"
    ? variableIdentity(original.node)
    : undefined;
}

/** The graph without assignments to some variables, and without what only works out what they assign. */
function withoutAssignments(graph: FlatGraph, isLeftOut: (variable: string) => boolean): FlatGraph {
  const leftOut = graph.effects.filter((node) => {
    const variable = assignedVariable(node);
    return variable !== undefined && isLeftOut(variable);
  });
  const forThese = new Set([...leftOut, ...upstreamOf(leftOut)]);
  const needed = new Set<FlatNode>();
  const need = (sources: readonly (FlatSource | FlatControl)[]): void => {
    for (const source of sources) {
      if ("node" in source) {
        needed.add(source.node);
      }
    }
  };
  need([...graph.outputs, ...graph.nodes.flatMap(({ inputs, controls }) => [...inputs, ...controls])]);
  const effects = graph.effects.toReversed().filter((node) => {
    const isNeeded = needed.has(node) || !(ONLY_GIVES.has(node.op) || forThese.has(node));
    need(isNeeded ? [...node.inputs, ...node.controls] : []);
    return isNeeded;
  });
  return { ...graph, effects: effects.toReversed() };
}

/** Nodes that some take their inputs from, directly or through others. */
function upstreamOf(nodes: readonly FlatNode[]): Set<FlatNode> {
  const found = new Set<FlatNode>();
  for (const waiting = [...nodes]; waiting.length > 0; ) {
    for (const source of waiting.pop()?.inputs ?? []) {
      if ("node" in source && !found.has(source.node)) {
        found.add(source.node);
        waiting.push(source.node);
      }
    }
  }
  return found;
}

/** Variables whose handles a graph has. */
function variablesOf({ nodes, effects }: FlatGraph): string[] {
  return [...nodes, ...effects].filter(({ op }) => op === "VarHandleOp").map(variableIdentity);
}

/** Variables that functions have handles of without being given them: which of these run is not looked into. */
function variablesOfFunctions({ functions }: GraphLibrary): string[] {
  return [...functions.values()].flatMap(({ nodes }) =>
    [...nodes.values()]
      .filter(({ op }) => op === "VarHandleOp")
      .map(({ name, op, attr }) =>
        variableIdentity({ name, op, inputs: [], controls: [], attribute: (key) => attr.get(key) }),
      ),
  );
}
