import { decodeUtf8 } from "@sealserve/core";
import { decodeTensor, type FillBudget, isNumberData } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";
import type { FlatNode, FlatSource } from "./flat-graph.ts";
import { flatten } from "./flatten.ts";
import type { GraphLibrary } from "./graph-library.ts";
import { liftLoops } from "./loops/lift-loops.ts";
import { originalSource } from "./pass-through.ts";

const ASSIGN_OPERATIONS: ReadonlySet<string> = new Set(["Assign", "AssignVariableOp"]);
const VARIABLE_OPERATIONS: ReadonlySet<string> = new Set(["VariableV2", "Variable", "VarHandleOp"]);

/** Position of the list of checkpoint keys among the inputs of RestoreV2. */
const RESTORE_KEYS_INPUT = 1;

/**
 * Checkpoint key of each variable that the graph restores, by {@link variableIdentity}. The saver of TensorFlow 1 and the
 * object-based one of TensorFlow 2 leave the same trace: an assignment from one output of a RestoreV2 operation, reached
 * from the operation that the saver definition names.
 * @throws ModelError `bad-graph` and others of {@link flatten}
 */
export function findCheckpointKeys(library: GraphLibrary, restoreOperation: string): Map<string, string> {
  const keys = new Map<string, string>();
  const request = { fed: [], fetched: [], targets: [restoreOperation] };
  const { effects } = flatten(liftLoops(library, request), request);
  const keysOf = new Map<FlatNode, readonly string[]>();
  for (const node of effects.filter(({ op }) => ASSIGN_OPERATIONS.has(op))) {
    const variable = origin(node.inputs[0]);
    const restored = origin(node.inputs[1]);
    if (variable === undefined || !VARIABLE_OPERATIONS.has(variable.node.op) || restored?.node.op !== "RestoreV2") {
      continue;
    }
    const names = keysOf.get(restored.node) ?? restoreKeys(restored.node, library.fill);
    keysOf.set(restored.node, names);
    const key = names[restored.output];
    if (key === undefined) {
      throw new ModelError("bad-graph", `node ${JSON.stringify(node.name)} assigns an output that RestoreV2 lacks`);
    }
    keys.set(variableIdentity(variable.node), key);
  }
  return keys;
}

/** What makes two variable nodes one variable: container and shared name, or the node's own name. */
export function variableIdentity(node: FlatNode): string {
  const text = (name: string): string =>
    refuseMalformed("bad-graph", `${name} of node ${JSON.stringify(node.name)}`, () =>
      decodeUtf8(node.attribute(name)?.s ?? new Uint8Array()),
    );
  return `${text("container")}|${text("shared_name") || node.name}`;
}

/** The node behind a value, past nodes that only hand it on. */
function origin(source: FlatSource | undefined): { node: FlatNode; output: number } | undefined {
  const original = source && originalSource(source);
  return original !== undefined && "node" in original ? original : undefined;
}

/** The checkpoint keys of the outputs of a RestoreV2 operation. @throws ModelError `bad-graph` */
export function restoreKeys(restore: FlatNode, fill: FillBudget): readonly string[] {
  const encoded = origin(restore.inputs[RESTORE_KEYS_INPUT])?.node.attribute("value")?.tensor;
  if (encoded === undefined) {
    throw new ModelError("bad-graph", `the names that node ${JSON.stringify(restore.name)} restores are not constant`);
  }
  const what = `list of names that node ${JSON.stringify(restore.name)} restores`;
  return refuseMalformed("bad-graph", what, () => {
    const { data } = decodeTensor(encoded, { fill });
    if (isNumberData(data)) {
      throw new ModelError("bad-graph", `the ${what} does not hold strings`);
    }
    return data.map(decodeUtf8);
  });
}
