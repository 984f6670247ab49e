import type { NodeDef } from "@sealserve/protocol";

import { nodeOf } from "./tensor-reference.ts";

const CHOOSES: ReadonlySet<string> = new Set(["Switch", "RefSwitch"]);

/**
 * Tells nodes that come behind a choice of the older control flow, and so may not run. Those behind where the branches meet are
 * among them, since that may be in a branch itself.
 */
export class ConditionalNodes {
  readonly #known = new Map<ReadonlyMap<string, NodeDef>, ReadonlySet<string>>();

  /** Whether a node of a table is one of them. */
  has(table: ReadonlyMap<string, NodeDef>, name: string): boolean {
    const known = this.#known.get(table) ?? findConditional(table);
    this.#known.set(table, known);
    return known.has(name);
  }
}

function findConditional(table: ReadonlyMap<string, NodeDef>): ReadonlySet<string> {
  const waiting = [...table.values()].filter(({ op }) => CHOOSES.has(op)).map(({ name }) => name);
  const found = new Set<string>();
  const behind = waiting.length > 0 ? nodesBehind(table) : new Map<string, string[]>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (!found.has(name)) {
      found.add(name);
      // One by one: there may be more than can be spread into arguments.
      for (const next of behind.get(name) ?? []) {
        waiting.push(next);
      }
    }
  }
  return found;
}

/** Names of the nodes that take an output of each node, or have a control edge from it. */
function nodesBehind(table: ReadonlyMap<string, NodeDef>): Map<string, string[]> {
  const behind = new Map<string, string[]>();
  for (const { name, input } of table.values()) {
    for (const text of input) {
      const from = nodeOf(text);
      const names = behind.get(from) ?? [];
      names.push(name);
      behind.set(from, names);
    }
  }
  return behind;
}
