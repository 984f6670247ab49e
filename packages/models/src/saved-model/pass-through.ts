import type { FlatSource } from "./flat-graph.ts";

const PASS_THROUGH_OPERATIONS: ReadonlySet<string> = new Set(["Identity"]);

/** Where a value comes from, past nodes that only hand it on. */
export function originalSource(source: FlatSource): FlatSource {
  let current = source;
  while ("node" in current && PASS_THROUGH_OPERATIONS.has(current.node.op)) {
    const [input] = current.node.inputs;
    if (input === undefined) {
      break;
    }
    current = input;
  }
  return current;
}
