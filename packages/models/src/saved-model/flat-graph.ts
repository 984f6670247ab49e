import type { AttrValue } from "@sealserve/protocol";

/** Where a value comes from: a node's output, or a tensor that the caller feeds, by its place among the fed ones. */
export type FlatSource = { readonly fed: number } | { readonly node: FlatNode; readonly output: number };

/** A node of the flattened graph. */
export interface FlatNode {
  /** Path through the calls, then the node's own name. */
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly FlatSource[];
  /** What has to be there for it to run, besides its inputs, and may be in a branch that is not taken. */
  readonly controls: readonly FlatControl[];
  attribute(name: string): AttrValue | undefined;
}

/** A node that has to run first, or the one output of it that has to be there. */
export interface FlatControl {
  readonly node: FlatNode;
  readonly output?: number;
}

/** Part of a graph, without calls. */
export interface FlatGraph {
  /** The nodes that the fetched tensors are computed from, each behind those it takes its inputs from. */
  readonly nodes: readonly FlatNode[];
  /** Nodes that run besides, for their effect only; in the same order. */
  readonly effects: readonly FlatNode[];
  /** Where each fetched tensor comes from. */
  readonly outputs: readonly FlatSource[];
}
