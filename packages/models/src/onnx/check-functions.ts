import { ModelError } from "../errors.ts";
import { bodiesOf, withBodies } from "./bodies.ts";
import type { FunctionProto, ModelProto, NodeProto } from "./schema.ts";

/** Functions that call each other; exporters nest a handful. */
const MAX_CALL_DEPTH = 64;
/** Nodes that calls stand for. The engine puts a copy of the body in the place of each call when it loads a model. */
const MAX_EXPANDED_NODES = 20_000;
/** Domains that belong to the engine: a function in one of them could take the place of an operation. */
const RESERVED_DOMAIN = /^$|^ai\.onnx(\.|$)|^com\.(microsoft|ms)(\.|$)/;

/** What calls of functions come to. */
interface Expansion {
  readonly nodes: number;
  readonly depth: number;
}

/** Name of the function that a node may call, whatever its overload. */
export function functionKey({ domain, name }: { readonly domain: string; readonly name: string }): string {
  return `${domain}::${name}`;
}

/**
 * Refuses functions of the model that pass for the engine's operations, call themselves, or expand without measure.
 * @throws ModelError `bad-onnx`, `unsupported-op`, `cyclic-graph`, `too-large`
 */
export function checkFunctions({ graph, functions }: ModelProto): void {
  const byKey = new Map(functions.map((definition) => [functionKey(definition), definition]));
  if (byKey.size !== functions.length) {
    throw new ModelError("bad-onnx", "two functions of the ONNX model have the same name");
  }
  functions.forEach(expectPlain);
  const expander = new Expander(byKey);
  for (const { node } of functions) {
    expander.expand(node);
  }
  expander.expand(graph?.node ?? []);
}

function expectPlain({ domain, name, attributeProto }: FunctionProto): void {
  if (RESERVED_DOMAIN.test(domain)) {
    throw new ModelError(
      "unsupported-op",
      `function ${JSON.stringify(name)} of the model is in a domain of the engine`,
    );
  }
  if (attributeProto.flatMap(bodiesOf).length > 0) {
    throw new ModelError("unsupported-op", `function ${JSON.stringify(name)} of the model takes a graph as attribute`);
  }
}

class Expander {
  readonly #functions: ReadonlyMap<string, FunctionProto>;
  /** What a call of each function comes to; undefined while that is being worked out. */
  readonly #known = new Map<string, Expansion | undefined>();

  constructor(functions: ReadonlyMap<string, FunctionProto>) {
    this.#functions = functions;
  }

  /** What the calls among `nodes`, in bodies too, come to. */
  expand(nodes: readonly NodeProto[], outerCalls = 0): Expansion {
    let [expanded, depth] = [0, 0];
    for (const node of withBodies(nodes)) {
      const call = this.#expandCall(node, outerCalls);
      expanded += call.nodes;
      depth = Math.max(depth, call.depth);
      if (expanded > MAX_EXPANDED_NODES || depth > MAX_CALL_DEPTH) {
        throw tooLarge();
      }
    }
    return { nodes: expanded, depth };
  }

  #expandCall({ domain, opType, attribute }: NodeProto, outerCalls: number): Expansion {
    const key = functionKey({ domain, name: opType });
    const callee = this.#functions.get(key);
    if (callee === undefined) {
      return { nodes: 0, depth: 0 };
    }
    if (attribute.flatMap(bodiesOf).length > 0) {
      throw new ModelError("unsupported-op", `function ${JSON.stringify(opType)} of the model is called with a graph`);
    }
    const known = this.#known.get(key);
    if (known !== undefined) {
      return known;
    }
    if (this.#known.has(key)) {
      throw new ModelError("cyclic-graph", `function ${JSON.stringify(opType)} of the model calls itself`);
    }
    if (outerCalls >= MAX_CALL_DEPTH) {
      throw tooLarge();
    }
    this.#known.set(key, undefined);
    const inner = this.expand(callee.node, outerCalls + 1);
    const expansion = { nodes: inner.nodes + [...withBodies(callee.node)].length, depth: inner.depth + 1 };
    this.#known.set(key, expansion);
    return expansion;
  }
}

function tooLarge(): ModelError {
  return new ModelError("too-large", "functions of the ONNX model call each other too deeply or too often", {
    expected: `at most ${MAX_EXPANDED_NODES} nodes once calls are expanded, and ${MAX_CALL_DEPTH} calls inside each other`,
  });
}
