import { FillBudget, type FunctionDef, type MetaGraphDef, type NodeDef, type OpDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";

/** Bytes that the constants of a model may fill up with repeated values, counted again for each copy of a constant. */
const MAX_FILLED_BYTES = 2 ** 28;

/** Nodes of a graph or of a function body, by name. */
export type NodeTable = ReadonlyMap<string, NodeDef>;

/** A function of the graph's library. */
export interface GraphFunction {
  readonly nodes: NodeTable;
  /** Position of each argument. */
  readonly parameters: ReadonlyMap<string, number>;
  /** For each output in order, the tensor inside of the body. */
  readonly results: readonly string[];
  readonly resultNames: readonly string[];
  /** Nodes that run on every call, whatever outputs are asked for. */
  readonly controlResults: readonly string[];
}

/** A meta graph, indexed. */
export interface GraphLibrary {
  readonly nodes: NodeTable;
  readonly functions: ReadonlyMap<string, GraphFunction>;
  /** Declarations of the operations in use, as the file itself brings them, and of its functions. */
  readonly operations: ReadonlyMap<string, OpDef>;
  /** Shared by all constants of the model, whatever signatures use them. */
  readonly fill: FillBudget;
}

/**
 * Indexes the graph and the functions of a meta graph.
 * @throws ModelError `bad-graph`
 */
export function indexGraph(metaGraph: MetaGraphDef): GraphLibrary {
  const functions = metaGraph.graphDef?.library?.function ?? [];
  const declared = (metaGraph.metaInfoDef?.strippedOpList?.op ?? []).map((op): [string, OpDef] => [op.name, op]);
  return {
    nodes: indexNodes(metaGraph.graphDef?.node ?? [], "the graph"),
    functions: new Map(functions.map((definition) => [definition.signature?.name ?? "", indexFunction(definition)])),
    operations: new Map(declared),
    fill: new FillBudget(MAX_FILLED_BYTES),
  };
}

function indexFunction({ signature, nodeDef, ret, controlRet }: FunctionDef): GraphFunction {
  const name = signature?.name ?? "";
  const results = (signature?.outputArg ?? []).map((output) => {
    const tensor = ret.get(output.name);
    if (tensor === undefined) {
      throw new ModelError("bad-graph", `function ${JSON.stringify(name)} does not set its output ${output.name}`);
    }
    return tensor;
  });
  return {
    nodes: indexNodes(nodeDef, `function ${JSON.stringify(name)}`),
    parameters: new Map((signature?.inputArg ?? []).map((argument, position) => [argument.name, position])),
    results,
    resultNames: (signature?.outputArg ?? []).map((output) => output.name),
    controlResults: [...controlRet.values()],
  };
}

function indexNodes(nodes: readonly NodeDef[], where: string): NodeTable {
  const table = new Map(nodes.map((node) => [node.name, node]));
  if (table.size !== nodes.length) {
    throw new ModelError("bad-graph", `two nodes of ${where} have the same name`);
  }
  return table;
}
