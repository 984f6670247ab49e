import { NodeDef } from "@sealserve/protocol";

import type { GraphFunction } from "../graph-library.ts";
import { controlInputs, dataInputs } from "../scope.ts";
import { expectFrame, type Frame, loopPart } from "./frames.ts";
import { type Locate, type LoopForm, type LoopVariable, readLoop } from "./read-loop.ts";

/** Gives a name that nothing else has, like the one that is wished for. */
export type FreshName = (wish: string) => string;

/** A loop of TensorFlow 1 as one of TensorFlow 2. */
export interface LiftedLoop {
  /** The loop itself, and what its results are known by. They stand where the loop stood. */
  readonly nodes: readonly NodeDef[];
  readonly functions: ReadonlyMap<string, GraphFunction>;
}

/**
 * Turns a loop into an operation with functions for its condition and its turns. Their arguments are its variables, then what
 * stays as it is, each by the name of the node that gave it inside of the loop.
 * @throws ModelError `bad-graph`
 */
export function liftLoop(
  frame: Frame,
  locate: Locate,
  names: { readonly ofNode: FreshName; readonly ofFunction: FreshName },
): LiftedLoop {
  const form = readLoop(frame, locate);
  expectDecidable(form, locate);
  const inside = new InsideOfLoop(form, locate);
  const name = names.ofNode(form.condition.name.replace(/\/?LoopCond$/, "") || form.condition.name);
  const [condition, body] = ["cond", "body"].map((part) => names.ofFunction(`${name}/${part}`)) as [string, string];
  const places = new Map(form.variables.map((variable, place) => [variable, place]));
  const enters = [...form.variables.map(({ enter }) => enter), ...form.kept];
  const loop = NodeDef.create({
    name,
    op: "While",
    input: [...enters.map((enter) => dataInputs(enter)[0] ?? ""), ...enters.flatMap(controlsOf)],
    attr: new Map([
      ["cond", { func: { name: condition, attr: new Map() } }],
      ["body", { func: { name: body, attr: new Map() } }],
    ]),
  });
  const results = [...form.exits].map(([exit, variable]) =>
    NodeDef.create({ name: exit.name, op: "Identity", input: [`${name}:${places.get(variable)}`] }),
  );
  return {
    nodes: [loop, ...results],
    functions: new Map([
      [condition, inside.condition()],
      [body, inside.body()],
    ]),
  };
}

/** What a loop goes on by must not come from behind the decision. @throws ModelError `bad-graph` */
function expectDecidable({ condition, switches, others }: LoopForm, locate: Locate): void {
  const inLoop = new Set(others);
  const seen = new Set<NodeDef>();
  for (const waiting = [condition]; waiting.length > 0; ) {
    const node = waiting.pop() as NodeDef;
    expectFrame(!switches.has(node.name), `the condition ${JSON.stringify(condition.name)} waits for itself`);
    for (const source of seen.has(node) ? [] : dataInputs(node).map((text) => locate(text)?.node)) {
      if (source !== undefined && (inLoop.has(source) || switches.has(source.name))) {
        waiting.push(source);
      }
    }
    seen.add(node);
  }
}

/** The nodes of a loop as those of functions. */
class InsideOfLoop {
  readonly #form: LoopForm;
  readonly #locate: Locate;
  readonly #nodes: ReadonlyMap<string, NodeDef>;
  readonly #parameters: ReadonlyMap<string, number>;
  readonly #merges: ReadonlyMap<NodeDef, LoopVariable>;

  constructor(form: LoopForm, locate: Locate) {
    this.#form = form;
    this.#locate = locate;
    this.#merges = new Map(form.variables.map((variable) => [variable.merge, variable]));
    const givers = [...form.variables.map(({ merge }) => merge), ...form.kept];
    this.#parameters = new Map(givers.map(({ name }, position) => [name, position]));
    const condition = NodeDef.create({ ...form.condition, op: "Identity" });
    this.#nodes = new Map([condition, ...form.others].map((node) => [node.name, this.#rewrite(node)]));
  }

  condition(): GraphFunction {
    const { condition, switches } = this.#form;
    const deciding = [...switches.keys()].flatMap((name) => this.#locate(name)?.node ?? []);
    return this.#function([`${condition.name}:0`], deciding);
  }

  body(): GraphFunction {
    const { variables, kept } = this.#form;
    const values = variables.map(({ next }) => this.#inside(dataInputs(next)[0] ?? ""));
    return this.#function(
      [...values, ...kept.map(({ name }) => name)],
      variables.map(({ next }) => next),
    );
  }

  /** @param last nodes that everything which they have control edges from runs before */
  #function(results: readonly string[], last: readonly NodeDef[]): GraphFunction {
    return {
      nodes: this.#nodes,
      parameters: this.#parameters,
      takesLists: false,
      results,
      resultNames: results.map((_, position) => `result_${position}`),
      controlResults: last.flatMap((node) => this.#controls(node)).map((text) => text.slice(1)),
      standIns: [],
    };
  }

  #rewrite(node: NodeDef): NodeDef {
    return { ...node, input: [...dataInputs(node).map((text) => this.#inside(text)), ...this.#controls(node)] };
  }

  /** A node's control edges from nodes that are still there: those of arguments have run. */
  #controls(node: NodeDef): string[] {
    return controlsOf(node).filter((text) => this.#staysInside(text));
  }

  #staysInside(text: string): boolean {
    const source = this.#locate(text.slice(1))?.node;
    const isGone =
      source !== undefined &&
      (this.#merges.has(source) || this.#form.switches.has(source.name) || loopPart(source) === "Enter");
    expectFrame(source === undefined || loopPart(source) !== "NextIteration", `${text} waits for the next turn`);
    return !isGone;
  }

  /** How a function names a value of the loop. */
  #inside(text: string): string {
    const source = this.#locate(text);
    if (source === undefined) {
      return text;
    }
    const { node, output } = source;
    const variable = this.#form.switches.get(node.name) ?? this.#merges.get(node);
    if (variable !== undefined) {
      const isOwn = this.#merges.has(node) ? output === 0 : output === 1;
      expectFrame(isOwn, `${JSON.stringify(text)} is not there in each turn`);
      return variable.merge.name;
    }
    const part = loopPart(node);
    expectFrame(part !== "NextIteration", `${JSON.stringify(text)} is there in the next turn only`);
    expectFrame(
      part !== "Enter" || this.#parameters.has(node.name),
      `${JSON.stringify(text)} is there in the first turn only`,
    );
    return part === "Enter" ? node.name : text;
  }
}

function controlsOf(node: NodeDef): string[] {
  return controlInputs(node).map((name) => `^${name}`);
}
