import type { NodeDef } from "@sealserve/protocol";

import { controlInputs, dataInputs } from "../scope.ts";
import { expectFrame, type Frame, loopPart } from "./frames.ts";

/** The node and output that an input names; undefined when no node does, as for an argument of a function. */
export type Locate = (text: string) => { readonly node: NodeDef; readonly output: number } | undefined;

/** A value that each turn of a loop computes from the last one's. */
export interface LoopVariable {
  readonly enter: NodeDef;
  /** Gives the value at the beginning of each turn. */
  readonly merge: NodeDef;
  /** Takes the value for the next turn. */
  readonly next: NodeDef;
}

/** The parts of a loop. */
export interface LoopForm {
  readonly condition: NodeDef;
  readonly variables: readonly LoopVariable[];
  /** Lead values in that stay as they are. */
  readonly kept: readonly NodeDef[];
  /** Nodes that end or go on with a variable, by their names. */
  readonly switches: ReadonlyMap<string, LoopVariable>;
  /** What leads out, with the variable that it gives. */
  readonly exits: ReadonlyMap<NodeDef, LoopVariable>;
  /** The nodes that are none of these. */
  readonly others: readonly NodeDef[];
}

/** Reads a loop. @throws ModelError `bad-graph` */
export function readLoop(frame: Frame, locate: Locate): LoopForm {
  const nodes = Map.groupBy(frame.nodes, loopPart);
  const [condition, ...conditions] = nodes.get("LoopCond") ?? [];
  const exits = nodes.get("Exit") ?? [];
  const what = `loop ${JSON.stringify(frame.name)}`;
  expectFrame(condition !== undefined && conditions.length === 0, `${what} has not one condition`);
  expectFrame(exits.length > 0, `values are taken out of ${what} before it ends`);
  const rest = nodes.get(undefined) ?? [];
  const variables = rest.flatMap((node) => readVariable(node, locate) ?? []);
  const merges = new Map(variables.map((variable) => [variable.merge, variable]));
  const switches = new Map(
    rest.flatMap((node) => {
      const variable = switchedVariable(node, { merges, condition }, locate);
      return variable === undefined ? [] : [[node.name, variable] as const];
    }),
  );
  const entered = new Set(variables.map(({ enter }) => enter));
  const kept = (nodes.get("Enter") ?? []).filter((enter) => !entered.has(enter));
  expectFrame(
    kept.every(isConstant) && ![...entered].some(isConstant),
    `what leads into ${what} is not constant, and no variable`,
  );
  const nexts = new Set(variables.map(({ next }) => next));
  expectFrame(
    (nodes.get("NextIteration") ?? []).every((next) => nexts.has(next)),
    `${what} leads back to nothing`,
  );
  return {
    condition,
    variables,
    kept,
    switches,
    exits: new Map(exits.map((exit) => [exit, exitedVariable(exit, switches, locate)])),
    others: rest.filter((node) => !merges.has(node) && !switches.has(node.name)),
  };
}

/** The variable that a node is the Merge of; undefined for any other node. */
function readVariable(merge: NodeDef, locate: Locate): LoopVariable | undefined {
  const sources = dataInputs(merge).map((text) => locate(text)?.node);
  const [enter, next] = (["Enter", "NextIteration"] as const).map((part) =>
    sources.find((source) => source !== undefined && loopPart(source) === part),
  );
  if (!isMerge(merge) || (enter === undefined && next === undefined)) {
    return undefined;
  }
  expectFrame(
    enter !== undefined && next !== undefined && merge.input.length === 2,
    `${merge.op} ${JSON.stringify(merge.name)} does not take a first value and the next ones`,
  );
  return { enter, merge, next };
}

/** The variable that a node decides about by the loop's condition; undefined for any other node. */
function switchedVariable(
  { op, input }: NodeDef,
  { merges, condition }: { readonly merges: ReadonlyMap<NodeDef, LoopVariable>; readonly condition: NodeDef },
  locate: Locate,
): LoopVariable | undefined {
  const [data, predicate] = isSwitch(op) ? input.map((text) => (text.startsWith("^") ? undefined : locate(text))) : [];
  return data !== undefined && data.output === 0 && predicate?.node === condition ? merges.get(data.node) : undefined;
}

function exitedVariable(exit: NodeDef, switches: ReadonlyMap<string, LoopVariable>, locate: Locate): LoopVariable {
  const [text = ""] = dataInputs(exit);
  const source = locate(text);
  const variable = source?.output === 0 ? switches.get(source.node.name) : undefined;
  expectFrame(
    variable !== undefined && controlInputs(exit).length === 0,
    `${exit.op} ${JSON.stringify(exit.name)} does not lead out what a loop ends with`,
  );
  return variable;
}

function isConstant({ attr }: NodeDef): boolean {
  return attr.get("is_constant")?.b === true;
}

function isMerge({ op }: NodeDef): boolean {
  return op === "Merge" || op === "RefMerge";
}

function isSwitch(op: string): boolean {
  return op === "Switch" || op === "RefSwitch";
}
