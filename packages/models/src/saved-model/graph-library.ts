import {
  FillBudget,
  type FunctionDef,
  type FunctionDefLibrary,
  type MetaGraphDef,
  type NodeDef,
  type OpDef,
} from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { FlattenWork } from "./flatten-work.ts";
import { loopPart } from "./loops/frames.ts";

/** Bytes that the constants of a model may fill up with repeated values, counted again for each copy of a constant. */
const MAX_FILLED_BYTES = 2 ** 28;

/** Nodes of a graph or of a function body, by name. */
export type NodeTable = ReadonlyMap<string, NodeDef>;

/** A function of the graph's library. */
export interface GraphFunction {
  readonly nodes: NodeTable;
  /** Position of each argument. */
  readonly parameters: ReadonlyMap<string, number>;
  /** Whether an argument may stand for several inputs of a call, or none. */
  readonly takesLists: boolean;
  /** For each output in order, the tensor inside of the body. */
  readonly results: readonly string[];
  readonly resultNames: readonly string[];
  /** Nodes that run on every call, whatever outputs are asked for. */
  readonly controlResults: readonly string[];
  /**
   * Functions that TensorFlow may run in its stead or for it: its gradients, and the next one of the same interface (`api_implements`).
   * From that one the walk goes on to its next and at last comes back, so that there are no more of them than functions.
   */
  readonly standIns: readonly string[];
}

/** A meta graph, indexed. */
export interface GraphLibrary {
  readonly nodes: NodeTable;
  readonly functions: ReadonlyMap<string, GraphFunction>;
  /** Declarations of the operations in use, as the file itself brings them, and of its functions. */
  readonly operations: ReadonlyMap<string, OpDef>;
  /** Whether there are loops of TensorFlow 1 that have not been lifted; see `liftLoops`. */
  readonly hasLoops: boolean;
  /** Shared by all constants of the model, whatever signatures use them. */
  readonly fill: FillBudget;
  /** Shared by all graphs that are taken out of the model: of its signatures, its initialisation, and bodies of loops. */
  readonly flattening: FlattenWork;
}

/**
 * Indexes the graph and the functions of a meta graph.
 * @throws ModelError `bad-graph`
 */
export function indexGraph(metaGraph: MetaGraphDef): GraphLibrary {
  const functions = metaGraph.graphDef?.library?.function ?? [];
  // Of two, it is not said which one runs.
  if (new Set(functions.map(nameOf)).size !== functions.length) {
    throw new ModelError("bad-graph", "two functions of the graph have the same name");
  }
  const standIns = indexStandIns(metaGraph.graphDef?.library);
  const declared = (metaGraph.metaInfoDef?.strippedOpList?.op ?? []).map((op): [string, OpDef] => [op.name, op]);
  const nodes = [metaGraph.graphDef?.node ?? [], ...functions.map(({ nodeDef }) => nodeDef)];
  return {
    nodes: indexNodes(metaGraph.graphDef?.node ?? [], "the graph"),
    hasLoops: nodes.some((defined) => defined.some((node) => loopPart(node) !== undefined)),
    functions: new Map(functions.map((definition) => [nameOf(definition), indexFunction(definition, standIns)])),
    operations: new Map(declared),
    fill: new FillBudget(MAX_FILLED_BYTES),
    flattening: new FlattenWork(),
  };
}

function nameOf({ signature }: FunctionDef): string {
  return signature?.name ?? "";
}

/** By the name of each function that has any. */
function indexStandIns(library: FunctionDefLibrary | undefined): ReadonlyMap<string, readonly string[]> {
  const implementations = Map.groupBy(library?.function ?? [], (definition) => interfaceOf(definition));
  implementations.delete(undefined);
  const gradients = Map.groupBy(library?.gradient ?? [], ({ functionName }) => functionName);
  const standIns = new Map<string, readonly string[]>();
  for (const group of implementations.values()) {
    const names = group.map(nameOf);
    for (const [index, name] of names.entries()) {
      standIns.set(name, [names[index + 1] ?? names[0] ?? name]);
    }
  }
  for (const [name, group] of gradients) {
    standIns.set(name, [...(standIns.get(name) ?? []), ...group.map(({ gradientFunc }) => gradientFunc)]);
  }
  return standIns;
}

function interfaceOf({ attr }: FunctionDef): string | undefined {
  const name = attr.get("api_implements")?.s;
  return name === undefined ? undefined : Buffer.from(name).toString("latin1");
}

function indexFunction(definition: FunctionDef, standIns: ReadonlyMap<string, readonly string[]>): GraphFunction {
  const { signature, nodeDef, ret, controlRet } = definition;
  const name = nameOf(definition);
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
    takesLists: (signature?.inputArg ?? []).some(
      ({ numberAttr, typeListAttr }) => numberAttr !== "" || typeListAttr !== "",
    ),
    results,
    resultNames: (signature?.outputArg ?? []).map((output) => output.name),
    controlResults: [...controlRet.values()],
    standIns: standIns.get(name) ?? [],
  };
}

function indexNodes(nodes: readonly NodeDef[], where: string): NodeTable {
  const table = new Map(nodes.map((node) => [node.name, node]));
  if (table.size !== nodes.length) {
    throw new ModelError("bad-graph", `two nodes of ${where} have the same name`);
  }
  return table;
}
