import { dataTypeNumber } from "@sealserve/protocol";

import type { GraphFunction, GraphLibrary } from "../saved-model/graph-library.ts";
import type { ReachedNode } from "../saved-model/reached-nodes.ts";
import { parseTensorReference, tensorKey } from "../saved-model/tensor-reference.ts";

/** Operations that call the one function that they name with their own inputs. */
const CALLS = ["PartitionedCall", "StatefulPartitionedCall"];
const PASSING = "Identity";
/** TensorFlow 2 puts the path of an asset into a variable when it loads a model, and reads it from there. */
const READING = "ReadVariableOp";
const WRITING = "AssignVariableOp";
/** Whatever else writes to a variable that is a resource. */
const WRITERS = /Assign|^Resource/;
const TEXT = dataTypeNumber("string");
/** Identities and calls between what the loader gives and the node that reads: real models have a few. */
const MAX_DEPTH = 100;

/**
 * Tells paths of the model's own files, which the loader gives, from other paths: they come to the node that reads through identities,
 * arguments of functions and variables only. What cannot be told is another path.
 */
export class GivenPaths {
  readonly #library: GraphLibrary;
  readonly #given: ReadonlySet<string>;
  /** Nodes that put texts into variables. */
  readonly #writers: ReachedNode[] = [];
  /** Of each function, the calls whose inputs are its arguments; undefined when it may also get others. */
  readonly #calls = new Map<string, ReachedNode[] | undefined>();
  /** What has been asked for; false while it is being found out, so that a circle is no own path. */
  readonly #known = new Map<string, boolean>();

  /** @param given tensors that the loader feeds with paths. @throws ModelError `bad-graph` */
  constructor(library: GraphLibrary, given: readonly string[]) {
    this.#library = library;
    this.#given = new Set(given.map(tensorKey));
    for (const standIn of Array.from(library.functions.values(), ({ standIns }) => standIns).flat()) {
      this.#calls.set(standIn, undefined);
    }
  }

  /** To be called with each node that runs, before the first question. */
  add(reached: ReachedNode): void {
    if (writesText(reached)) {
      this.#writers.push(reached);
    }
    const functions = reached.named.filter((name) => this.#library.functions.has(name));
    const [called] = functions;
    if (called !== undefined && functions.length === 1 && [called, ...CALLS].includes(reached.node.op)) {
      this.#addCall(called, reached);
      return;
    }
    for (const name of functions) {
      this.#calls.set(name, undefined);
    }
  }

  #addCall(called: string, reached: ReachedNode): void {
    const calls = this.#calls.get(called);
    if (calls !== undefined) {
      calls.push(reached);
    } else if (!this.#calls.has(called)) {
      this.#calls.set(called, [reached]);
    }
  }

  /** Whether an input of a node is the path of a file of the model's own. @throws ModelError `bad-graph` */
  isOwn(reached: ReachedNode, input: number): boolean {
    return this.#isOwnInput(reached, input, 0);
  }

  #isOwnInput({ node, functionName }: ReachedNode, index: number, depth: number): boolean {
    const input = node.input[index];
    const key = `${functionName === undefined ? "graph" : `function ${functionName}`} ${input}`;
    const known = this.#known.get(key);
    if (input === undefined || known !== undefined || depth > MAX_DEPTH) {
      return known === true;
    }
    this.#known.set(key, false);
    const own = this.#isOwnTensor(input, functionName, depth + 1);
    this.#known.set(key, own);
    return own;
  }

  #isOwnTensor(text: string, functionName: string | undefined, depth: number): boolean {
    const reference = parseTensorReference(text);
    if (reference.kind === "control" || reference.index !== 0) {
      return functionName === undefined && reference.kind === "output" && this.#given.has(tensorKey(text));
    }
    const scope = functionName === undefined ? undefined : this.#library.functions.get(functionName);
    if (functionName === undefined && this.#given.has(tensorKey(text))) {
      return true;
    }
    const from = (scope ?? this.#library).nodes.get(reference.node);
    if (from !== undefined) {
      return this.#isOwnNode({ node: from, functionName, named: [] }, depth);
    }
    return (
      functionName !== undefined &&
      scope !== undefined &&
      this.#isOwnArgument(functionName, scope, reference.node, depth)
    );
  }

  #isOwnNode(from: ReachedNode, depth: number): boolean {
    const { op } = from.node;
    // A function may have the name of an operation, and runs instead of it then.
    if (this.#library.functions.has(op)) {
      return false;
    }
    return op === READING ? this.#areOwnInVariables(depth) : op === PASSING && this.#isOwnInput(from, 0, depth);
  }

  /** Which variable a handle is of need not be told where no variable gets another text. */
  #areOwnInVariables(depth: number): boolean {
    return this.#writers.every(
      (writer) =>
        writer.node.op === WRITING && !this.#library.functions.has(WRITING) && this.#isOwnInput(writer, 1, depth),
    );
  }

  /** An argument is, when it is in each call. */
  #isOwnArgument(
    functionName: string,
    { parameters, takesLists }: GraphFunction,
    parameter: string,
    depth: number,
  ): boolean {
    const position = parameters.get(parameter);
    const calls = this.#calls.get(functionName);
    // Lists shift the arguments behind them.
    if (position === undefined || calls === undefined || takesLists) {
      return false;
    }
    return calls.every((call) => this.#isOwnInput(call, position, depth));
  }
}

function writesText({ node: { op, attr } }: ReachedNode): boolean {
  return WRITERS.test(op) && [...attr.values()].some(({ type }) => type === TEXT);
}
