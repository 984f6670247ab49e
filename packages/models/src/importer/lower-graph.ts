import type { FillBudget } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";
import type { FlatGraph, FlatNode, FlatSource } from "../saved-model/flatten.ts";
import { describeOperation, NodeOperation } from "../saved-model/node-operation.ts";
import { findLowering } from "./lowerings.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { ReadVariable } from "./operation.ts";

/** What the operations of one signature's graph are lowered with. */
export interface LoweringContext {
  /** Key of the signature, for messages. */
  readonly signature: string;
  readonly graph: OnnxGraph;
  /** Values of the tensors that the caller feeds. */
  readonly fed: readonly Value[];
  readonly readVariable: ReadVariable;
  /** Shared by the constants of all the model's signatures. */
  readonly fill: FillBudget;
}

/**
 * Adds the ONNX form of every operation of `flat` to the context's graph and gives the values of its outputs.
 * @throws ModelError `unsupported-op`, `unsupported-type`, and what reading variables throws
 */
export function lowerGraph(flat: FlatGraph, context: LoweringContext): Value[] {
  const lowered = new Map<FlatNode, Value>();
  for (const node of flat.nodes) {
    const inputs = node.inputs.map((source) => valueOfSource(source, lowered, context));
    const operation = new NodeOperation(node, inputs, context.signature, context.fill);
    const value = refuseMalformed("bad-graph", `operation ${describeOperation(node, context.signature)}`, () =>
      findLowering(node.op)?.(operation, context.graph, context.readVariable),
    );
    if (value !== undefined) {
      lowered.set(node, value);
    }
  }
  return flat.outputs.map((source) => valueOfSource(source, lowered, context));
}

function valueOfSource(source: FlatSource, lowered: ReadonlyMap<FlatNode, Value>, context: LoweringContext): Value {
  if ("fed" in source) {
    return context.fed[source.fed] as Value;
  }
  const value = source.output === 0 ? lowered.get(source.node) : undefined;
  if (value === undefined) {
    const operation = describeOperation(source.node, context.signature);
    throw new ModelError("unsupported-op", `output ${source.output} of operation ${operation} is not supported`);
  }
  return value;
}
