import { ModelError } from "../errors.ts";

/** What an input string of a NodeDef names. */
export type TensorReference =
  | { readonly kind: "control"; readonly node: string }
  /** Output by its index over all outputs; also the form of a function's own argument. */
  | { readonly kind: "output"; readonly node: string; readonly index: number }
  /** Output by the name of an output argument and the index in it: the form inside functions. */
  | { readonly kind: "argument"; readonly node: string; readonly argument: string; readonly index: number };

/**
 * Parses `^node`, `node`, `node:index` or `node:argument:index` (graph.proto, function.proto).
 * @throws ModelError `bad-graph`
 */
export function parseTensorReference(text: string): TensorReference {
  if (text.startsWith("^")) {
    return { kind: "control", node: text.slice(1) };
  }
  const [node = "", second, third, ...rest] = text.split(":");
  if (node === "" || rest.length > 0) {
    throw malformed(text);
  }
  if (second === undefined) {
    return { kind: "output", node, index: 0 };
  }
  if (third === undefined) {
    return { kind: "output", node, index: parseIndex(second, text) };
  }
  return { kind: "argument", node, argument: second, index: parseIndex(third, text) };
}

/** The node that an input names, of whatever form; nobody has to have checked it. */
export function nodeOf(text: string): string {
  return text.replace(/^\^/, "").replace(/:.*$/s, "");
}

/** One spelling for each tensor of a graph's top level: `x` and `x:0` are the same. */
export function tensorKey(text: string): string {
  const reference = parseTensorReference(text);
  if (reference.kind !== "output") {
    throw malformed(text);
  }
  return `${reference.node}:${reference.index}`;
}

function parseIndex(digits: string, text: string): number {
  if (!/^\d{1,6}$/.test(digits)) {
    throw malformed(text);
  }
  return Number(digits);
}

function malformed(text: string): ModelError {
  return new ModelError("bad-graph", `${JSON.stringify(text)} does not name a tensor`);
}
