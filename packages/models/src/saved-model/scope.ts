import type { AttrValue, NodeDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphFunction, GraphLibrary, NodeTable } from "./graph-library.ts";
import { outputIndex } from "./output-index.ts";
import { parseTensorReference, type TensorReference } from "./tensor-reference.ts";

/** Calls inside each other; real models have a handful. */
const MAX_CALL_DEPTH = 64;
/** Calls expanded for one graph. Two calls in each of 60 nested functions would otherwise never end. */
const MAX_CALLS = 20_000;
/** Length of the names of the calls that lead to a function. They tell variables without a name of their own apart. */
const MAX_PATH_LENGTH = 4096;
const CALL_OPERATIONS: ReadonlySet<string> = new Set(["PartitionedCall", "StatefulPartitionedCall"]);

/** A call of a function. */
interface Call {
  readonly from: Scope;
  readonly node: NodeDef;
  /** The values that it is given, looked up once: a function may ask for each of a hundred thousand. */
  readonly given: readonly string[];
  readonly callee: GraphFunction;
}

/** The top level of a graph, or one call of a function: every call has its own copy of the function's nodes. */
export interface Scope {
  /** Names of the calls that lead here, each with a slash behind it; empty for the top level. */
  readonly path: string;
  readonly nodes: NodeTable;
  readonly call: Call | undefined;
  readonly depth: number;
  readonly inner: Map<string, Scope>;
  /** Whether the effects of the call have been taken into account. */
  visited: boolean;
}

/** An output of a node in a scope. */
export interface Placed {
  readonly scope: Scope;
  readonly node: NodeDef;
  readonly index: number;
}

/** A reference that leads on: to the text of another reference in another scope. */
export interface Onward {
  readonly scope: Scope;
  readonly text: string;
  /** The call that the reference goes into; undefined when it goes out to a call's argument. */
  readonly entered: Scope | undefined;
}

/** Follows references through a graph, and into and out of its functions. */
export class ScopeTree {
  readonly root: Scope;
  readonly #library: GraphLibrary;
  #calls = 0;

  constructor(library: GraphLibrary) {
    this.#library = library;
    this.root = { path: "", nodes: library.nodes, call: undefined, depth: 0, inner: new Map(), visited: false };
  }

  /** @throws ModelError `bad-graph` */
  node(scope: Scope, name: string): NodeDef {
    const node = scope.nodes.get(name);
    if (node === undefined) {
      throw new ModelError("bad-graph", `there is no node ${JSON.stringify(scope.path + name)}`);
    }
    return node;
  }

  /**
   * The body that a call runs; undefined for a node that is no call. A node can also name a function as its operation.
   * @throws ModelError `bad-graph`, `too-large`
   */
  callee(scope: Scope, node: NodeDef): Scope | undefined {
    const isCall = CALL_OPERATIONS.has(node.op);
    const name = isCall ? node.attr.get("f")?.func?.name : node.op;
    const callee = name === undefined ? undefined : this.#library.functions.get(name);
    if (callee !== undefined) {
      return scope.inner.get(node.name) ?? this.#enter(scope, node, callee);
    }
    if (isCall) {
      throw new ModelError("bad-graph", `node ${JSON.stringify(node.name)} calls a function that is not there`);
    }
    return undefined;
  }

  /**
   * One step along a reference: the node that makes the value, or where to look next.
   * @throws ModelError `bad-graph`, `too-large`
   */
  follow(scope: Scope, text: string): Placed | Onward {
    const reference = parseTensorReference(text);
    const parameter = reference.kind === "output" ? scope.call?.callee.parameters.get(reference.node) : undefined;
    if (scope.call !== undefined && parameter !== undefined) {
      return { scope: scope.call.from, text: argument(scope.call, parameter), entered: undefined };
    }
    const node = this.node(scope, reference.node);
    const callee = this.callee(scope, node);
    if (callee?.call === undefined) {
      return { scope, node, index: this.#index(node, reference) };
    }
    const result = callee.call.callee.results[resultIndex(node, callee.call.callee, reference)];
    if (result === undefined) {
      throw new ModelError("bad-graph", `the function that ${JSON.stringify(node.name)} calls has no result ${text}`);
    }
    return { scope: callee, text: result, entered: callee };
  }

  #enter(scope: Scope, node: NodeDef, callee: GraphFunction): Scope {
    this.#calls++;
    if (scope.depth >= MAX_CALL_DEPTH || this.#calls > MAX_CALLS) {
      throw new ModelError("too-large", "functions of the graph call each other too deeply or too often");
    }
    const path = `${scope.path}${node.name}/`;
    if (path.length > MAX_PATH_LENGTH) {
      throw new ModelError("too-large", "calls of the graph's functions have names that are too long", {
        expected: `at most ${MAX_PATH_LENGTH} characters for all calls inside each other`,
      });
    }
    const entered: Scope = {
      path,
      nodes: callee.nodes,
      call: { from: scope, node, given: dataInputs(node), callee },
      depth: scope.depth + 1,
      inner: new Map(),
      visited: false,
    };
    scope.inner.set(node.name, entered);
    return entered;
  }

  #index(node: NodeDef, reference: TensorReference): number {
    if (reference.kind === "control") {
      throw new ModelError("bad-graph", `control edge to ${JSON.stringify(node.name)} is used as a value`);
    }
    return reference.kind === "output"
      ? reference.index
      : outputIndex(node, this.#library.operations.get(node.op), reference.argument, reference.index);
  }
}

/** Inputs of a node that carry values, in order. */
export function dataInputs(node: NodeDef): readonly string[] {
  return node.input.filter((text) => !text.startsWith("^"));
}

/** Names of the nodes that must have run before a node. */
export function controlInputs(node: NodeDef): readonly string[] {
  return node.input.filter((text) => text.startsWith("^")).map((text) => text.slice(1));
}

/** The attribute `name` of a node, with a placeholder replaced by what the calls of the functions around it give. */
export function attributeOf(scope: Scope, node: NodeDef, name: string): AttrValue | undefined {
  let value = node.attr.get(name);
  for (let { call } = scope; value?.placeholder !== undefined && call !== undefined; { call } = call.from) {
    const given = call.node.attr.get("f")?.func?.attr ?? call.node.attr;
    value = given.get(value.placeholder);
  }
  return value?.placeholder === undefined ? value : undefined;
}

function argument({ node, given }: Call, position: number): string {
  const text = given[position];
  if (text === undefined) {
    throw new ModelError("bad-graph", `call ${JSON.stringify(node.name)} has fewer inputs than its function takes`);
  }
  return text;
}

/** A call operation has one list of outputs; a node that has its function for an operation spells the result's name. */
function resultIndex(call: NodeDef, callee: GraphFunction, reference: TensorReference): number {
  if (reference.kind === "argument" && !CALL_OPERATIONS.has(call.op)) {
    return callee.resultNames.indexOf(reference.argument);
  }
  return reference.kind === "control" ? -1 : reference.index;
}
