import type { AttributeProto, GraphProto } from "../onnx/schema.ts";

/** A graph whose values all have new names. */
export interface RenamedGraph {
  readonly graph: GraphProto;
  /** The new name of a value. */
  readonly rename: (name: string) => string;
}

/** Gives all values of a graph, and of those inside of it, a prefix, so that none has a name of `taken` any more. Empty names stay so. */
export function prefixNames(graph: GraphProto, taken: readonly string[]): RenamedGraph {
  let prefix = "graph/";
  while (taken.some((name) => name.startsWith(prefix))) {
    prefix = `_${prefix}`;
  }
  const rename = (name: string): string => (name === "" ? "" : `${prefix}${name}`);
  return { rename, graph: renameGraph(graph, rename) };
}

function renameGraph(graph: GraphProto, rename: (name: string) => string): GraphProto {
  const renamed = <Named extends { readonly name: string }>(named: Named): Named => ({
    ...named,
    name: rename(named.name),
  });
  const inside = (attribute: AttributeProto): AttributeProto =>
    attribute.g === undefined ? attribute : { ...attribute, g: renameGraph(attribute.g, rename) };
  return {
    ...graph,
    node: graph.node.map((node) => ({
      ...renamed(node),
      input: node.input.map(rename),
      output: node.output.map(rename),
      attribute: node.attribute.map(inside),
    })),
    initializer: graph.initializer.map(renamed),
    input: graph.input.map(renamed),
    output: graph.output.map(renamed),
  };
}
