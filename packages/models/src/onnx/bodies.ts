import type { AttributeProto, GraphProto, NodeProto } from "./schema.ts";

/** The bodies of branches and loops that an attribute holds. */
export function bodiesOf({ g, graphs }: AttributeProto): readonly GraphProto[] {
  return g === undefined ? graphs : [g, ...graphs];
}

/** `nodes` and those of all their bodies. Bodies are known not to nest deeply. */
export function* withBodies(nodes: readonly NodeProto[]): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    for (const body of node.attribute.flatMap(bodiesOf)) {
      yield* withBodies(body.node);
    }
  }
}
