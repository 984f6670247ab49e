import type { NodeDef } from "@sealserve/protocol";

import { ModelError } from "../../errors.ts";
import { nodeOf } from "../tensor-reference.ts";

/** Loops inside of each other; real models have two or three. */
const MAX_DEPTH = 16;

/** The operations that make a loop of TensorFlow 1, apart from its choices. */
export type LoopPart = "Enter" | "Exit" | "LoopCond" | "NextIteration";

/** What runs between the nodes that lead into a loop and those that lead out. */
export interface Frame {
  readonly name: string;
  readonly parent: Frame | undefined;
  readonly depth: number;
  /** With the nodes that lead in and out. */
  readonly nodes: NodeDef[];
}

const parts: ReadonlyMap<string, LoopPart> = new Map([
  ["Enter", "Enter"],
  ["Exit", "Exit"],
  ["LoopCond", "LoopCond"],
  ["NextIteration", "NextIteration"],
  ["RefEnter", "Enter"],
  ["RefExit", "Exit"],
  ["RefNextIteration", "NextIteration"],
]);

/** What an operation is for in a loop; undefined for any that is not of loops only. */
export function loopPart({ op }: NodeDef): LoopPart | undefined {
  return parts.get(op);
}

/** The operations that {@link loopPart} knows. */
export function loopOperations(): Iterable<string> {
  return parts.keys();
}

/**
 * The loops of a graph, each before the one that it stands in. As in TensorFlow's executor, a value is in the loop that it was
 * led into, and what takes two values takes them in one loop.
 * @param nodes those that run
 * @param isFed whether an input comes from outside of these nodes
 * @throws ModelError `bad-graph`, `too-large`
 */
export function findFrames(nodes: ReadonlyMap<string, NodeDef>, isFed: (text: string) => boolean): Frame[] {
  return new FrameFinder(nodes, isFed).find();
}

class FrameFinder {
  readonly #nodes: ReadonlyMap<string, NodeDef>;
  readonly #isFed: (text: string) => boolean;
  readonly #frames = new Map<string, Frame>();
  /** By the node's name; undefined for one outside of all loops. */
  readonly #frameOf = new Map<string, Frame | undefined>();
  readonly #waiting: NodeDef[] = [];

  constructor(nodes: ReadonlyMap<string, NodeDef>, isFed: (text: string) => boolean) {
    this.#nodes = nodes;
    this.#isFed = isFed;
  }

  find(): Frame[] {
    const takers = this.#findTakers();
    for (const node of this.#nodes.values()) {
      if (node.input.length === 0 || node.input.some((text) => this.#comesFromOutside(text))) {
        this.#place(node, undefined);
      }
    }
    for (let node = this.#waiting.pop(); node !== undefined; node = this.#waiting.pop()) {
      const frame = this.#frameOf.get(node.name);
      for (const taker of takers.get(node.name) ?? []) {
        this.#place(taker, loopPart(node) === "Exit" ? frame?.parent : frame);
      }
    }
    return [...this.#frames.values()].sort((a, b) => b.depth - a.depth);
  }

  #comesFromOutside(text: string): boolean {
    return this.#isFed(text) || !this.#nodes.has(nodeOf(text));
  }

  #findTakers(): Map<string, NodeDef[]> {
    const takers = new Map<string, NodeDef[]>();
    for (const node of this.#nodes.values()) {
      for (const text of node.input.filter((input) => !this.#comesFromOutside(input))) {
        const name = nodeOf(text);
        const known = takers.get(name) ?? [];
        known.push(node);
        takers.set(name, known);
      }
    }
    return takers;
  }

  /** @param around the loop that one of its inputs is in */
  #place(node: NodeDef, around: Frame | undefined): void {
    const part = loopPart(node);
    const frame = part === "Enter" ? this.#enter(node, around) : around;
    if (this.#frameOf.has(node.name)) {
      expectFrame(
        this.#frameOf.get(node.name) === frame,
        `node ${JSON.stringify(node.name)} takes values of two loops`,
      );
      return;
    }
    expectFrame(
      frame !== undefined || part === undefined,
      `${node.op} ${JSON.stringify(node.name)} stands outside of loops`,
    );
    this.#frameOf.set(node.name, frame);
    frame?.nodes.push(node);
    this.#waiting.push(node);
  }

  #enter(node: NodeDef, parent: Frame | undefined): Frame {
    const name = Buffer.from(node.attr.get("frame_name")?.s ?? []).toString("latin1");
    const frame = this.#frames.get(name) ?? { name, parent, depth: (parent?.depth ?? 0) + 1, nodes: [] };
    expectFrame(frame.parent === parent, `the loop of ${JSON.stringify(node.name)} is entered from two others`);
    if (frame.depth > MAX_DEPTH) {
      throw new ModelError("too-large", `loops of the graph are nested more than ${MAX_DEPTH} times`);
    }
    this.#frames.set(name, frame);
    return frame;
  }
}

/** @param problem what is the case otherwise. @throws ModelError `bad-graph` */
export function expectFrame(fits: boolean, problem: string): asserts fits {
  if (!fits) {
    throw new ModelError("bad-graph", `a loop of the graph is malformed: ${problem}`, {
      expected: "Enter, Merge, LoopCond, Switch, NextIteration and Exit as TensorFlow writes them",
    });
  }
}
