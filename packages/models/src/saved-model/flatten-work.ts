import { ModelError } from "../errors.ts";

/** What flattening a graph comes to. */
export interface FlattenLimits {
  /** The largest published models have some tens of thousands. */
  readonly nodes: number;
  /** Of all these nodes: a node in a small file may name one value a million times, and be in each of many calls. */
  readonly inputs: number;
  /** From references to the nodes behind them, and nodes to run for their effect: each of many calls may bring very many. */
  readonly steps: number;
}

const OF_GRAPH: FlattenLimits = { nodes: 500_000, inputs: 2_000_000, steps: 10_000_000 };
/** A file may have as many signatures over one graph as it likes; real ones share some tens of thousands of nodes. */
const GRAPHS_OF_MODEL = 10;
const OF_MODEL: FlattenLimits = {
  nodes: GRAPHS_OF_MODEL * OF_GRAPH.nodes,
  inputs: GRAPHS_OF_MODEL * OF_GRAPH.inputs,
  steps: GRAPHS_OF_MODEL * OF_GRAPH.steps,
};

const WORDS: Readonly<Record<keyof FlattenLimits, string>> = {
  nodes: "nodes",
  inputs: "inputs of nodes",
  steps: "steps from values to where they come from",
};

/** Counts the work of flattening all graphs that are taken out of one model, so that neither one nor all of them take long. */
export class FlattenWork {
  readonly #limits: FlattenLimits;
  readonly #model: FlattenWork | undefined;
  readonly #done = { nodes: 0, inputs: 0, steps: 0 };

  /** @param model for the work of one graph: that of its model */
  constructor(limits: FlattenLimits = OF_MODEL, model?: FlattenWork) {
    this.#limits = limits;
    this.#model = model;
  }

  /** For one more graph, whose work counts here too. */
  ofGraph(): FlattenWork {
    return new FlattenWork(OF_GRAPH, this);
  }

  /** @throws ModelError `too-large` */
  add(kind: keyof FlattenLimits, count: number): void {
    this.#done[kind] += count;
    if (this.#done[kind] > this.#limits[kind]) {
      const whose = this.#model === undefined ? "the graphs of all signatures have" : "the graph has";
      throw new ModelError(
        "too-large",
        `${whose} more than ${this.#limits[kind]} ${WORDS[kind]} once calls are expanded`,
      );
    }
    this.#model?.add(kind, count);
  }
}
