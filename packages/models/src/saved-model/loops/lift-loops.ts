import type { NodeDef } from "@sealserve/protocol";

import type { FlattenRequest } from "../flatten.ts";
import type { GraphFunction, GraphLibrary, NodeTable } from "../graph-library.ts";
import { outputIndex } from "../output-index.ts";
import { ReachedNodes } from "../reached-nodes.ts";
import { parseTensorReference, tensorKey } from "../tensor-reference.ts";
import { findFrames } from "./frames.ts";
import { type FreshName, liftLoop } from "./lift-loop.ts";
import type { Locate } from "./read-loop.ts";

/**
 * The graph with the loops of TensorFlow 1 that a request reaches as loops over functions, as TensorFlow itself turns one form
 * into the other. Other loops, such as those of gradients in a graph that was saved with its training, are left as they are.
 * @throws ModelError `bad-graph`, `too-large`
 */
export function liftLoops(
  library: GraphLibrary,
  { fed, fetched, targets = [] }: Pick<FlattenRequest, "fed" | "fetched" | "targets">,
): GraphLibrary {
  if (!library.hasLoops) {
    return library;
  }
  const asked = [...fetched, ...targets.map((name) => `^${name}`)];
  const reached = reach(library, fed, asked);
  const lifter = new Lifter(library);
  for (const name of reached.functions) {
    lifter.liftFunction(name);
  }
  const nodes = lifter.lift(library.nodes, reached.nodes, new Set(fed.map(tensorKey)));
  return { ...library, nodes, functions: lifter.functions, hasLoops: false };
}

interface Reached {
  readonly nodes: NodeTable;
  readonly functions: ReadonlySet<string>;
}

function reach(library: GraphLibrary, fed: readonly string[], asked: readonly string[]): Reached {
  const [nodes, functions] = [new Map<string, NodeDef>(), new Set<string>()];
  for (const { node, functionName } of new ReachedNodes(library, fed).from(asked)) {
    if (functionName === undefined) {
      nodes.set(node.name, node);
    } else {
      functions.add(functionName);
    }
  }
  return { nodes, functions };
}

class Lifter {
  readonly functions: Map<string, GraphFunction>;
  readonly #library: GraphLibrary;
  readonly #freshFunction: FreshName;

  constructor(library: GraphLibrary) {
    this.#library = library;
    this.functions = new Map(library.functions);
    this.#freshFunction = freshIn(this.functions);
  }

  liftFunction(name: string): void {
    const definition = this.#library.functions.get(name);
    if (definition === undefined) {
      return;
    }
    const { nodes, parameters, results, controlResults } = definition;
    const fed = [...parameters.keys()];
    const asked = [...results, ...controlResults.map((control) => `^${control}`)];
    const reached = reach({ ...this.#library, nodes, functions: new Map() }, fed, asked);
    const lifted = this.lift(nodes, reached.nodes, new Set(fed.map(tensorKey)));
    this.functions.set(name, { ...definition, nodes: lifted });
  }

  /** @param fed values that come from outside, by {@link tensorKey} */
  lift(table: NodeTable, reached: NodeTable, fed: ReadonlySet<string>): NodeTable {
    const isFed = (text: string): boolean => !text.startsWith("^") && this.#isAmong(fed, text);
    const frames = findFrames(reached, isFed);
    if (frames.length === 0) {
      return table;
    }
    const nodes = new Map(table);
    const locate: Locate = (text) => (isFed(text) ? undefined : this.#locate(nodes, text));
    const names = { ofNode: freshIn(nodes), ofFunction: this.#freshFunction };
    for (const frame of frames) {
      const lifted = liftLoop(frame, locate, names);
      for (const { name } of frame.nodes) {
        nodes.delete(name);
      }
      for (const node of lifted.nodes) {
        nodes.set(node.name, node);
        frame.parent?.nodes.push(node);
      }
      for (const [name, definition] of lifted.functions) {
        this.functions.set(name, definition);
      }
    }
    return nodes;
  }

  #isAmong(fed: ReadonlySet<string>, text: string): boolean {
    const reference = parseTensorReference(text);
    return reference.kind === "output" && fed.has(tensorKey(text));
  }

  #locate(nodes: NodeTable, text: string): ReturnType<Locate> {
    const reference = parseTensorReference(text);
    const node = nodes.get(reference.node);
    if (node === undefined || reference.kind === "control") {
      return undefined;
    }
    const declaration = this.#library.operations.get(node.op);
    const output =
      reference.kind === "output"
        ? reference.index
        : outputIndex(node, declaration, reference.argument, reference.index);
    return { node, output };
  }
}

/** Goes on from the number that was last given for a wish: each function may have a loop of the same name. */
function freshIn(taken: ReadonlyMap<string, unknown>): FreshName {
  const counts = new Map<string, number>();
  return (wish) => {
    let [name, count] = [wish, counts.get(wish) ?? 0];
    while (taken.has(name)) {
      count++;
      name = `${wish}_${count}`;
    }
    counts.set(wish, count);
    return name;
  };
}
