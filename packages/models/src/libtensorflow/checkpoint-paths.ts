import type { GraphFunction, GraphLibrary } from "../saved-model/graph-library.ts";
import type { ReachedNode } from "../saved-model/reached-nodes.ts";
import { parseTensorReference, tensorKey } from "../saved-model/tensor-reference.ts";

/** Operations that call the one function that they name with their own inputs. */
const CALLS = ["PartitionedCall", "StatefulPartitionedCall"];
const PASSING = "Identity";
/** Identities and calls between what the loader gives and the node that reads: real models have a few. */
const MAX_DEPTH = 100;

/**
 * Tells the path of the model's own checkpoint, which the loader gives, from other paths: it comes to the node that reads through identities
 * and arguments of functions only. What cannot be told is another path.
 */
export class CheckpointPaths {
  readonly #library: GraphLibrary;
  readonly #given: string;
  /** Of each function, the calls whose inputs are its arguments; undefined when it may also get others. */
  readonly #calls = new Map<string, ReachedNode[] | undefined>();
  /** What has been asked for; false while it is being found out, so that a circle is no own path. */
  readonly #known = new Map<string, boolean>();

  /** @param given what the loader feeds (`saver_def.filename_tensor_name`). @throws ModelError `bad-graph` */
  constructor(library: GraphLibrary, given: string) {
    this.#library = library;
    this.#given = tensorKey(given);
    for (const standIn of Array.from(library.functions.values(), ({ standIns }) => standIns).flat()) {
      this.#calls.set(standIn, undefined);
    }
  }

  /** To be called with each node that runs, before the first question. */
  add(reached: ReachedNode): void {
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

  /** Whether the first input of a node is the path of the model's own checkpoint. @throws ModelError `bad-graph` */
  isOwn(reached: ReachedNode): boolean {
    return this.#isOwnInput(reached, 0, 0);
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
      return functionName === undefined && reference.kind === "output" && tensorKey(text) === this.#given;
    }
    const scope = functionName === undefined ? undefined : this.#library.functions.get(functionName);
    if (functionName === undefined && tensorKey(text) === this.#given) {
      return true;
    }
    const from = (scope ?? this.#library).nodes.get(reference.node);
    if (from !== undefined) {
      // A function may have the name of an operation, and runs instead of it then.
      const passes = from.op === PASSING && !this.#library.functions.has(PASSING);
      return passes && this.#isOwnInput({ node: from, functionName, named: [] }, 0, depth);
    }
    return (
      functionName !== undefined &&
      scope !== undefined &&
      this.#isOwnArgument(functionName, scope, reference.node, depth)
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
