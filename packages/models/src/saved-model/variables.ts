import { decodeUtf8 } from "@sealserve/core";
import { decodeTensor, type FillBudget, isNumberData } from "@sealserve/protocol";

import { parseTensorSlice, type TensorSlice } from "../bundle/tensor-slice.ts";
import { ModelError, refuseMalformed } from "../errors.ts";
import type { FlatNode, FlatSource } from "./flat-graph.ts";
import { flatten } from "./flatten.ts";
import type { GraphLibrary } from "./graph-library.ts";
import { liftLoops } from "./loops/lift-loops.ts";
import { originalSource } from "./pass-through.ts";

const ASSIGN_OPERATIONS: ReadonlySet<string> = new Set(["Assign", "AssignVariableOp"]);
const VARIABLE_OPERATIONS: ReadonlySet<string> = new Set(["VariableV2", "Variable", "VarHandleOp"]);

/** Positions of the lists of checkpoint keys and of slices among the inputs of RestoreV2. */
const RESTORE_KEYS_INPUT = 1;
const RESTORE_SLICES_INPUT = 2;

/** What a checkpoint has for a variable. */
export interface RestoredTensor {
  readonly key: string;
  /** The part of the tensor under that key; undefined for all of it. */
  readonly slice: TensorSlice | undefined;
}

/**
 * What is restored from the checkpoint into each variable, by {@link variableIdentity}. The saver of TensorFlow 1 and the
 * object-based one of TensorFlow 2 leave the same trace: an assignment from one output of a RestoreV2 operation, reached
 * from the operation that the saver definition names.
 * @throws ModelError `bad-graph` and others of {@link flatten}
 */
export function findRestoredTensors(library: GraphLibrary, restoreOperation: string): Map<string, RestoredTensor> {
  const tensors = new Map<string, RestoredTensor>();
  const request = { fed: [], fetched: [], targets: [restoreOperation] };
  const { effects } = flatten(liftLoops(library, request), request);
  const restoredBy = new Map<FlatNode, readonly RestoredTensor[]>();
  for (const node of effects.filter(({ op }) => ASSIGN_OPERATIONS.has(op))) {
    const variable = origin(node.inputs[0]);
    const restored = origin(node.inputs[1]);
    if (variable === undefined || !VARIABLE_OPERATIONS.has(variable.node.op) || restored?.node.op !== "RestoreV2") {
      continue;
    }
    const all = restoredBy.get(restored.node) ?? restoredTensors(restored.node, library.fill);
    restoredBy.set(restored.node, all);
    const tensor = all[restored.output];
    if (tensor === undefined) {
      throw new ModelError("bad-graph", `node ${JSON.stringify(node.name)} assigns an output that RestoreV2 lacks`);
    }
    tensors.set(variableIdentity(variable.node), tensor);
  }
  return tensors;
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

/** What each output of a RestoreV2 operation is restored from. @throws ModelError `bad-graph` */
export function restoredTensors(restore: FlatNode, fill: FillBudget): readonly RestoredTensor[] {
  const slices = constantTexts(restore, RESTORE_SLICES_INPUT, fill);
  return constantTexts(restore, RESTORE_KEYS_INPUT, fill).map((key, output) => ({
    key,
    slice: parseTensorSlice(slices[output] ?? ""),
  }));
}

function constantTexts(restore: FlatNode, input: number, fill: FillBudget): readonly string[] {
  const encoded = origin(restore.inputs[input])?.node.attribute("value")?.tensor;
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
