import { ModelError } from "../errors.ts";
import type { GraphPort, RunnableGraph } from "../runnable-graph.ts";
import { flatten } from "../saved-model/flatten.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { describeOperation } from "../saved-model/node-operation.ts";
import { tensorKey } from "../saved-model/tensor-reference.ts";
import type { Signature } from "../signature.ts";
import { type FedTensor, findFedTensors } from "./fed-tensor.ts";
import { lowerGraph } from "./lower-graph.ts";
import { isImportable } from "./lowerings.ts";
import { inputName, OnnxGraph, outputName, type Value } from "./onnx-graph.ts";
import type { ReadVariable } from "./operation.ts";

/** Adds the variable with an identity to a graph; undefined when nothing restores it. */
export type AddVariable = (identity: string, graph: OnnxGraph) => Value | undefined;

/**
 * Turns what a signature computes into an ONNX model. The graph is cut at the tensors that the signature feeds, which need
 * not be placeholders. Declared shapes are left out: TensorFlow does not hold requests to them.
 * @throws ModelError `unsupported-op`, `unsupported-type`, `unsupported-signature`; and for a broken model `bad-graph`,
 *   `cyclic-graph`, `too-large`, `bad-checkpoint`, `checksum-mismatch`, `missing-variable`
 */
export function importSignature(
  library: GraphLibrary,
  key: string,
  signature: Signature,
  addVariable: AddVariable,
): RunnableGraph {
  expectDenseTensors(key, signature);
  const fedTensors = findFedTensors(library, signature);
  const flat = flatten(library, {
    fed: fedTensors.map(({ tensor }) => tensor),
    fetched: [...signature.outputs.values()].map(({ tensorName }) => tensorName),
    admit: (node) => expectImportable(node, key),
  });
  const graph = new OnnxGraph();
  const fed = fedTensors.map(({ dtype }) => graph.input(dtype));
  const readVariable = eachOnce((identity) => addVariable(identity, graph));
  const values = lowerGraph(flat, { signature: key, graph, fed, readVariable, fill: library.fill });
  return {
    model: graph.encode(values),
    inputs: inputPorts(signature, fedTensors),
    outputs: outputPorts(signature, values),
  };
}

function expectDenseTensors(key: string, { inputs, outputs }: Signature): void {
  if (outputs.size === 0) {
    throw new ModelError("unsupported-signature", `signature ${JSON.stringify(key)} has no outputs`);
  }
  for (const [alias, { tensorName }] of [...inputs, ...outputs]) {
    if (tensorName === "") {
      const what = `${JSON.stringify(alias)} of signature ${JSON.stringify(key)}`;
      throw new ModelError("unsupported-signature", `${what} is not one dense tensor`);
    }
  }
}

function expectImportable(node: { readonly op: string; readonly name: string }, key: string): void {
  if (!isImportable(node.op)) {
    throw new ModelError("unsupported-op", `operation ${describeOperation(node, key)} is not supported`);
  }
}

function eachOnce(readVariable: ReadVariable): ReadVariable {
  const known = new Map<string, Value | undefined>();
  return (identity) => {
    if (!known.has(identity)) {
      known.set(identity, readVariable(identity));
    }
    return known.get(identity);
  };
}

/** In order of the names: fed from a sorted map, as TensorFlow is, the last of two names for one tensor counts. */
function inputPorts({ inputs }: Signature, fed: readonly FedTensor[]): Map<string, GraphPort> {
  const ports = new Map<string, GraphPort>();
  for (const [alias, { tensorName }] of [...inputs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const position = fed.findIndex(({ tensor }) => tensor === tensorKey(tensorName));
    ports.set(alias, { name: inputName(position), dtype: (fed[position] as FedTensor).dtype, position });
  }
  return ports;
}

function outputPorts({ outputs }: Signature, values: readonly Value[]): Map<string, GraphPort> {
  const ports = [...outputs.keys()].map((alias, position): [string, GraphPort] => {
    return [alias, { name: outputName(position), dtype: (values[position] as Value).dtype, position }];
  });
  return new Map(ports);
}
