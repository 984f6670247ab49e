import type { AttrValue, NodeDef } from "@sealserve/protocol";

import type { GraphLibrary } from "./graph-library.ts";
import { parseTensorReference, tensorKey } from "./tensor-reference.ts";

/** A node that runs. */
export interface ReachedNode {
  readonly node: NodeDef;
  /** The function in whose body it stands; undefined in the graph itself. */
  readonly functionName: string | undefined;
  /** What may be functions that it runs: its operation, since that may be one, and those of its attributes. */
  readonly named: readonly string[];
}

/** Nodes that run for what is asked of a graph. */
export class ReachedNodes {
  readonly #library: GraphLibrary;
  readonly #fed: ReadonlySet<string>;
  /** Nodes of the graph itself, and functions, that have been given. */
  readonly #seen = new Set<string>();

  constructor(library: GraphLibrary, fed: readonly string[]) {
    this.#library = library;
    this.#fed = new Set(fed.map(tensorKey));
  }

  /** Each node once. @throws ModelError `bad-graph` */
  *from(references: readonly string[]): Generator<ReachedNode> {
    const names = this.#nodesOf(references);
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const node = this.#library.nodes.get(name);
      if (node === undefined || this.#isSeen(`node ${name}`)) {
        continue;
      }
      yield { node, functionName: undefined, named: functionsNamedBy(node) };
      yield* this.#bodies(functionsNamedBy(node));
      names.push(...this.#nodesOf(node.input));
    }
  }

  *#bodies(names: readonly string[]): Generator<ReachedNode> {
    const waiting = [...names];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const called = this.#library.functions.get(name);
      if (called !== undefined && !this.#isSeen(`function ${name}`)) {
        // One by one: there may be more than can be spread into arguments.
        for (const standIn of called.standIns) {
          waiting.push(standIn);
        }
        for (const node of called.nodes.values()) {
          const named = functionsNamedBy(node);
          yield { node, functionName: name, named };
          waiting.push(...named);
        }
      }
    }
  }

  #nodesOf(references: readonly string[]): string[] {
    return references.flatMap((text) => {
      const { kind, node } = parseTensorReference(text);
      return kind === "output" && this.#fed.has(tensorKey(text)) ? [] : [node];
    });
  }

  #isSeen(what: string): boolean {
    const seen = this.#seen.has(what);
    this.#seen.add(what);
    return seen;
  }
}

function functionsNamedBy({ op, attr }: NodeDef): string[] {
  return [op, ...Array.from(attr.values(), functionsIn).flat()];
}

function functionsIn({ func, list }: AttrValue): string[] {
  const named = [...(func === undefined ? [] : [func]), ...(list?.func ?? [])];
  return named.flatMap(({ name, attr }) => [name, ...Array.from(attr.values(), functionsIn).flat()]);
}
