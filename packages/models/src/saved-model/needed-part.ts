import type { FlatGraph, FlatNode, FlatSource } from "./flat-graph.ts";

/** The graph without the nodes that only other outputs need than those at some positions. What has effects stays. */
export function neededPart(graph: FlatGraph, wanted: ReadonlySet<number>): FlatGraph {
  const outputs = graph.outputs.map((source, position) => (wanted.has(position) ? source : { fed: position }));
  const needed = new Set<FlatNode>();
  const need = (sources: readonly FlatSource[]): void => {
    for (const source of sources) {
      if ("node" in source) {
        needed.add(source.node);
      }
    }
  };
  need([...outputs, ...graph.effects.flatMap(({ inputs }) => inputs)]);
  for (const { controls } of [...graph.nodes, ...graph.effects]) {
    for (const { node } of controls) {
      needed.add(node);
    }
  }
  for (const node of graph.nodes.toReversed()) {
    need(needed.has(node) ? node.inputs : []);
  }
  return { ...graph, outputs, nodes: graph.nodes.filter((node) => needed.has(node)) };
}
