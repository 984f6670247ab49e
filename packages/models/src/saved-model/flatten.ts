import type { NodeDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { ConditionalNodes } from "./conditional-nodes.ts";
import type { FlatControl, FlatGraph, FlatNode, FlatSource } from "./flat-graph.ts";
import type { FlattenWork } from "./flatten-work.ts";
import type { GraphLibrary } from "./graph-library.ts";
import { attributeOf, controlInputs, dataInputs, type Placed, type Scope, ScopeTree } from "./scope.ts";
import { asListOperation } from "./tensor-arrays.ts";
import { tensorKey } from "./tensor-reference.ts";

/** Steps from a reference to the node behind it, through calls and arguments. */
const MAX_STEPS = 1_000;

/** Operations that would print data of a request: what they take is not worked out. */
const ONLY_PRINTS: ReadonlySet<string> = new Set(["PrintV2"]);

/** What to take out of a graph. */
export interface FlattenRequest {
  /** Tensors, such as `x:0`, where the graph is cut: nothing behind them is looked at. */
  readonly fed: readonly string[];
  /** Tensors to compute. */
  readonly fetched: readonly string[];
  /** Nodes to run for their effect. */
  readonly targets?: readonly string[];
  /** Called for each node before anything behind it is looked at; throws to refuse the graph. */
  readonly admit?: (node: { readonly op: string; readonly name: string }) => void;
}

/**
 * Takes out the part of a graph that computes some tensors, with every function call replaced by the function's nodes. Loops
 * of TensorFlow 1 have to be lifted first.
 * @throws ModelError `bad-graph`, `cyclic-graph`, `too-large`, and what `admit` throws
 */
export function flatten(library: GraphLibrary, request: FlattenRequest): FlatGraph {
  return new Flattener(library, request).run();
}

type Source = Placed | { readonly fed: number };

interface Visit {
  readonly place: Placed;
  readonly inputs: readonly Source[];
  readonly controls: readonly PlacedControl[];
  done: number;
}

/** A node that has to run before another one, or one output of it. */
interface PlacedControl {
  readonly place: Placed;
  readonly wholeNode: boolean;
}

class Flattener {
  readonly #tree: ScopeTree;
  readonly #request: FlattenRequest;
  readonly #fed: ReadonlyMap<string, number>;
  /** Nodes of each scope by name; undefined while a node waits for its inputs. */
  readonly #flat = new Map<Scope, Map<string, FlatNode | undefined>>();
  readonly #conditional = new ConditionalNodes();
  readonly #work: FlattenWork;
  readonly #finished: FlatNode[] = [];
  /** Nodes that must run for their effect and have not been looked at. */
  readonly #effects: { readonly scope: Scope; readonly name: string }[] = [];

  constructor(library: GraphLibrary, request: FlattenRequest) {
    this.#tree = new ScopeTree(library);
    this.#work = library.flattening.ofGraph();
    this.#request = request;
    this.#fed = new Map(request.fed.map((text, position) => [tensorKey(text), position]));
  }

  run(): FlatGraph {
    const { root } = this.#tree;
    const outputs = this.#request.fetched.map((text) => this.#resolve(root, text));
    for (const output of outputs) {
      this.#visit(output);
    }
    const needed = this.#finished.length;
    this.#effects.push(...(this.#request.targets ?? []).map((name) => ({ scope: root, name })));
    for (let effect = this.#effects.pop(); effect !== undefined; effect = this.#effects.pop()) {
      this.#visitEffect(effect.scope, effect.name);
    }
    return {
      nodes: this.#finished.slice(0, needed),
      effects: this.#finished.slice(needed),
      outputs: outputs.map((output) => this.#flatSource(output)),
    };
  }

  /** Follows a reference, through calls and arguments, to a fed tensor or to a node that is no call. */
  #resolve(start: Scope, reference: string): Source {
    let [scope, text] = [start, reference];
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      this.#work.add("steps", 1);
      const fed = scope.call === undefined ? this.#fed.get(tensorKey(text)) : undefined;
      if (fed !== undefined) {
        return { fed };
      }
      const step = this.#tree.follow(scope, text);
      if ("node" in step) {
        return step;
      }
      [scope, text] = [step.scope, step.text];
      if (step.entered !== undefined) {
        this.#addEffectsOfCall(step.entered);
      }
    }
    throw new ModelError("cyclic-graph", `${JSON.stringify(reference)} leads through functions without end`);
  }

  /** What a call does besides computing its outputs: once for each call. */
  #addEffectsOfCall(callee: Scope): void {
    if (callee.call === undefined || callee.visited) {
      return;
    }
    callee.visited = true;
    const { from, node, callee: definition } = callee.call;
    this.#work.add("steps", node.input.length + definition.controlResults.length);
    this.#effects.push(...controlInputs(node).map((name) => ({ scope: from, name })));
    this.#effects.push(...definition.controlResults.map((name) => ({ scope: callee, name })));
  }

  #visitEffect(scope: Scope, name: string): void {
    const node = this.#tree.node(scope, name);
    const callee = this.#tree.callee(scope, node);
    if (callee?.call === undefined) {
      this.#visit({ scope, node, index: 0 });
      return;
    }
    this.#addEffectsOfCall(callee);
    for (const text of callee.call.callee.results) {
      this.#visit(this.#resolve(callee, text));
    }
  }

  /** Depth first with a stack of its own: a graph may be a chain of any length. */
  #visit(start: Source): void {
    const stack: Visit[] = [];
    this.#enter(start, stack);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.inputs[top.done] ?? top.controls[top.done - top.inputs.length]?.place;
      if (input === undefined) {
        this.#finish(top);
        stack.pop();
      } else {
        top.done++;
        this.#enter(input, stack);
      }
    }
  }

  #enter(source: Source, stack: Visit[]): void {
    if ("fed" in source) {
      return;
    }
    const { scope, node } = source;
    const name = scope.path + node.name;
    const flat = this.#nodesOf(scope);
    if (flat.has(node.name)) {
      if (flat.get(node.name) === undefined) {
        throw new ModelError("cyclic-graph", `node ${JSON.stringify(name)} needs its own result`);
      }
      return;
    }
    this.#work.add("nodes", 1);
    this.#work.add("inputs", node.input.length);
    this.#request.admit?.({ op: node.op, name });
    flat.set(node.name, undefined);
    this.#effects.push(...controlInputs(node).map((control) => ({ scope, name: control })));
    const names = ONLY_PRINTS.has(node.op) ? [] : dataInputs(node);
    const inputs = names.map((text) => this.#resolve(scope, text));
    stack.push({ place: source, inputs, controls: this.#controlsOf(scope, node), done: 0 });
  }

  /**
   * What may keep a node from running: nodes with control edges to it that are in branches of the older control flow. A
   * node without inputs in a function runs when the function is called.
   */
  #controlsOf(scope: Scope, node: NodeDef): PlacedControl[] {
    const own = controlInputs(node).flatMap((name): PlacedControl[] => {
      const control = this.#conditional.has(scope.nodes, name) ? scope.nodes.get(name) : undefined;
      return control === undefined || this.#tree.callee(scope, control) !== undefined
        ? []
        : [{ place: { scope, node: control, index: 0 }, wholeNode: true }];
    });
    const { call } = scope;
    if (node.input.length > 0 || call === undefined || !this.#conditional.has(call.from.nodes, call.node.name)) {
      return own;
    }
    const given = call.given.map((text) => this.#resolve(call.from, text));
    return [
      ...given.flatMap((place): PlacedControl[] => ("fed" in place ? [] : [{ place, wholeNode: false }])),
      ...this.#controlsOf(call.from, call.node),
    ];
  }

  #finish({ place, inputs, controls }: Visit): void {
    const flat: FlatNode = {
      name: place.scope.path + place.node.name,
      op: place.node.op,
      inputs: inputs.map((input) => this.#flatSource(input)),
      controls: controls.map((control) => this.#flatControl(control)),
      attribute: (attribute) => attributeOf(place.scope, place.node, attribute),
    };
    const nodes = asListOperation(flat);
    this.#nodesOf(place.scope).set(place.node.name, nodes.at(-1));
    this.#finished.push(...nodes);
  }

  #nodesOf(scope: Scope): Map<string, FlatNode | undefined> {
    const nodes = this.#flat.get(scope) ?? new Map<string, FlatNode | undefined>();
    this.#flat.set(scope, nodes);
    return nodes;
  }

  #flatSource(source: Source): FlatSource {
    return "fed" in source ? source : { node: this.#flatNode(source), output: source.index };
  }

  #flatControl({ place, wholeNode }: PlacedControl): FlatControl {
    const node = this.#flatNode(place);
    return wholeNode ? { node } : { node, output: place.index };
  }

  #flatNode({ scope, node }: Placed): FlatNode {
    const flat = this.#nodesOf(scope).get(node.name);
    if (flat === undefined) {
      throw new ModelError("cyclic-graph", `node ${JSON.stringify(node.name)} needs its own result`);
    }
    return flat;
  }
}
