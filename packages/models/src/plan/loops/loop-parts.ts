import type { FillBudget } from "@sealserve/protocol";

import type { FlatGraph, FlatSource } from "../../saved-model/flat-graph.ts";
import { originalSource } from "../../saved-model/pass-through.ts";
import type { FunctionBody } from "../body-planner.ts";
import type { Origin, UnmadeList } from "../origin.ts";
import { type CountedLoop, readCountedLoop } from "./counted-loop.ts";

/** A list without elements set, of which each turn of a loop sets one. */
export interface FilledList {
  readonly list: UnmadeList;
  /** Whether it is the turn's own; else it is always the first one, of which the last turn's is left. */
  readonly eachTurn: boolean;
}

/** A counted loop by what its variables are for. Each is in one of these places, or stays what it is. */
export interface LoopParts extends CountedLoop {
  readonly filled: ReadonlyMap<number, FilledList>;
  /** Variables that a turn computes from the last one's. */
  readonly carried: readonly number[];
  /** Variables that stay as they are, and are used. */
  readonly kept: readonly number[];
}

/** Operations that run functions, which are left to the interpreter. */
const controlOperations: ReadonlySet<string> = new Set([
  "Case",
  "If",
  "StatelessCase",
  "StatelessIf",
  "StatelessWhile",
  "While",
]);

/**
 * Takes a loop apart, if its turns are counted and each takes an entry of some tensor: so it ends soon, whatever a request says.
 * @returns undefined for any other loop
 */
export function takeApart(
  given: readonly Origin[],
  condition: FunctionBody,
  body: FunctionBody,
  fill: FillBudget,
): LoopParts | undefined {
  const counted = readCountedLoop(given, condition, body, fill);
  const nodes = [...body.graph.nodes, ...body.graph.effects];
  if (counted === undefined || nodes.some(({ op }) => controlOperations.has(op))) {
    return undefined;
  }
  const used = usedArguments(body.graph);
  const kept = [...given.keys()].filter((position) => body.handsOn(position) && used.has(position));
  const changed = [...given.keys()].filter((position) => !body.handsOn(position) && !counted.counters.has(position));
  const filled = new Map(
    changed.flatMap((position) => {
      const list = filledList(given[position], counted.limits);
      return list === undefined ? [] : [[position, list] as const];
    }),
  );
  const carried = changed.filter((position) => !filled.has(position));
  const rows = new Set(kept.filter((position) => isRows(given[position])));
  const takesRows = body.graph.nodes.some((node) => takesRow(node, rows, counted.counters));
  return takesRows && carried.every((position) => isForEngine(given[position]))
    ? { ...counted, filled, carried, kept }
    : undefined;
}

function usedArguments({ nodes, effects, outputs }: FlatGraph): Set<number> {
  const sources = [...[...nodes, ...effects].flatMap(({ inputs }) => inputs), ...outputs];
  return new Set(sources.flatMap((source) => ("fed" in source ? [source.fed] : [])));
}

/** Whether a node takes an entry of rows by the count of turns. It fails behind the last row, so that there are no more turns. */
function takesRow(
  { op, inputs }: FlatGraph["nodes"][number],
  rows: ReadonlySet<number>,
  counters: ReadonlySet<number>,
): boolean {
  const [list, index] = inputs.map(originalSource);
  return op === "TensorListGetItem" && isAmong(rows, list) && isAmong(counters, index);
}

function isAmong(positions: ReadonlySet<number>, source: FlatSource | undefined): boolean {
  return source !== undefined && "fed" in source && positions.has(source.fed);
}

function isRows(origin: Origin | undefined): boolean {
  return origin?.kind === "list" && origin.content.kind === "rows";
}

function isForEngine(origin: Origin | undefined): boolean {
  return origin !== undefined && !["resource", "string", "variant"].includes(origin.dtype);
}

/** The list must have as many elements as there are turns, or one. */
function filledList(origin: Origin | undefined, turns: readonly Origin[]): FilledList | undefined {
  if (origin?.kind !== "list" || origin.content.kind !== "unset" || origin.content.elementType === "string") {
    return undefined;
  }
  const { length } = origin.content;
  if (turns.every((limit) => isSame(limit, length))) {
    return { list: origin, eachTurn: true };
  }
  return scalarOf(length) === 1 ? { list: origin, eachTurn: false } : undefined;
}

/** Whether two origins are surely the same number. */
function isSame(a: Origin, b: Origin): boolean {
  const number = scalarOf(a);
  const [inA, inB] = [a, b].map((origin) => (origin.kind === "run" ? origin.inIsland : undefined));
  const isOneValue = inA !== undefined && inA.value === inB?.value && inA.island === inB.island;
  return a === b || isOneValue || (number !== undefined && number === scalarOf(b));
}

/** The one whole number that an origin is known to be. */
export function scalarOf(origin: Origin): number | undefined {
  const constant = origin.kind === "run" ? origin.inIsland?.value.constant : undefined;
  const { shape, data } = origin.kind === "constant" ? origin.constant : (constant ?? {});
  const isInteger = data instanceof Int32Array || data instanceof BigInt64Array;
  return shape?.length === 0 && isInteger ? Number(data[0]) : undefined;
}
