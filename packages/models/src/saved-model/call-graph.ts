import { type NameAttrList, NodeDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { FlatGraph } from "./flat-graph.ts";
import { type FlattenRequest, flatten } from "./flatten.ts";
import type { GraphLibrary } from "./graph-library.ts";

/** A call of a function of the graph, with arguments that the caller feeds. */
export interface FunctionCall {
  readonly callee: NameAttrList;
  /** Path of the call, for the names of the function's nodes. */
  readonly name: string;
  readonly parameters: number;
  readonly admit: NonNullable<FlattenRequest["admit"]>;
}

/**
 * Takes out what a function computes: the arguments are the fed tensors, the results the outputs.
 * @throws ModelError those of {@link flatten}
 */
export function flattenFunction(library: GraphLibrary, { callee, name, parameters, admit }: FunctionCall): FlatGraph {
  const definition = library.functions.get(callee.name);
  if (definition === undefined) {
    throw new ModelError("bad-graph", `node ${JSON.stringify(name)} calls a function that is not there`);
  }
  const fed = Array.from({ length: parameters }, (_, position) => `argument_${position}`);
  const call = NodeDef.create({
    name,
    op: "StatefulPartitionedCall",
    input: fed,
    attr: new Map([["f", { func: callee }]]),
  });
  return flatten(
    { ...library, nodes: new Map([[name, call]]) },
    {
      fed: fed.map((argument) => `${argument}:0`),
      fetched: definition.results.map((_, position) => `${name}:${position}`),
      targets: [name],
      admit,
    },
  );
}
