import { castTo } from "../../importer/convert.ts";
import type { Sizes } from "../../importer/infer-sizes.ts";
import { expectSizes } from "../../importer/lower-rows.ts";
import { OnnxGraph, type Value } from "../../importer/onnx-graph.ts";
import { lowerCell } from "../../importer/recurrent/lower-cell.ts";
import { recogniseCell } from "../../importer/recurrent/recognise-cell.ts";
import { rowsAsList } from "../../interpreter/tensor-list/make-lists.ts";
import type { NodeOperation } from "../../saved-model/node-operation.ts";
import type { PlanAssembly } from "../assembly.ts";
import type { FunctionBody } from "../body-planner.ts";
import { listOf, once } from "../lists/plan-on-list.ts";
import type { Origin, UnmadeList } from "../origin.ts";
import type { PlanningContext } from "../planning-context.ts";
import { type FilledList, type LoopParts, takeApart } from "./loop-parts.ts";
import { planTurn, type SizesOfCarried, type Turn } from "./plan-turn.ts";

/** Times that a turn is planned in order to find out which shapes stay the same from turn to turn. */
const MAX_TRIALS = 4;

/** The functions of a loop. */
export interface LoopFunctions {
  readonly condition: FunctionBody;
  readonly body: FunctionBody;
}

/**
 * Plans a loop that the engine runs as a whole: one whose turns are counted, take entries of tensors one after the other, and
 * are all made of the engine's operations, as recurrent layers and maps over sequences are. What it collects in lists comes out
 * as tensors of rows.
 * @returns undefined for any other loop
 * @throws ModelError as for the operations of any graph
 */
export function planCountedLoop(
  operation: NodeOperation<Origin>,
  { condition, body }: LoopFunctions,
  context: PlanningContext,
  assembly: PlanAssembly,
): readonly Origin[] | undefined {
  const { inputs: given } = operation;
  const parts = takeApart(given, condition, body, context.fill);
  if (parts === undefined) {
    return undefined;
  }
  const planIn = (graph: OnnxGraph, outer: OuterValues, sizes: SizesOfCarried): Turn | undefined =>
    planTurn(body, parts, { given, valueAround: (origin) => outer.get(origin), sizes }, graph);
  const outside = outsideOf(parts, given);
  const sizes = settleSizes(parts, given, (trial) => {
    const graph = new OnnxGraph();
    const stands = outside.map((origin) => graph.input(origin.dtype, sizesOfOrigin(origin)));
    return planIn(graph, valuesAround(parts, given, { outside, values: stands }, graph), trial);
  });
  if (sizes === undefined) {
    return undefined;
  }
  const values = assembly.lower(operation.on(outside), ({ inputs }, graph) => {
    const outer = valuesAround(parts, given, { outside, values: inputs }, graph);
    const turn = planIn(graph, outer, sizes);
    return turn === undefined ? operation.refuse("its turns differ") : lowerLoop(parts, given, turn, outer, graph);
  });
  const isUsed = (position: number): boolean => context.isUsed(operation.node, position);
  return outputsOf(parts, operation, { values, isUsed }, assembly);
}

/** Values of the graph that a loop stands in, by their origins; that of a list is its rows. */
type OuterValues = ReadonlyMap<Origin, Value>;

/** What a loop takes from around it: the numbers of turns, first values, and what it keeps. */
function outsideOf({ limits, carried, kept }: LoopParts, given: readonly Origin[]): Origin[] {
  const first = carried.map((position) => given[position] as Origin);
  const used = kept.flatMap((position): Origin[] => {
    const origin = given[position] as Origin;
    if (origin.kind === "list") {
      return origin.content.kind === "rows" ? [origin.content.rows()] : [];
    }
    return origin.kind === "run" && isForEngine(origin) ? [origin] : [];
  });
  return [...new Set([...limits, ...first, ...used])];
}

/** Strings and lists stay outside: a turn that uses one is not the engine's. */
function isForEngine({ dtype }: Origin): boolean {
  return dtype !== "string" && dtype !== "variant";
}

function valuesAround(
  { kept }: LoopParts,
  given: readonly Origin[],
  { outside, values }: { readonly outside: readonly Origin[]; readonly values: readonly Value[] },
  graph: OnnxGraph,
): OuterValues {
  const all = new Map(outside.map((origin, place) => [origin, values[place] as Value]));
  for (const position of kept) {
    const list = given[position] as Origin;
    const rows = list.kind === "list" && list.content.kind === "rows" ? all.get(list.content.rows()) : undefined;
    if (list.kind === "list" && rows !== undefined) {
      all.set(list, expectSizes(rows, [-1, ...(list.content.elementShape ?? [])], graph));
    }
  }
  return all;
}

/** What is known of the carried variables' shapes in every turn; undefined when a turn is not for the engine. */
function settleSizes(
  { carried }: LoopParts,
  given: readonly Origin[],
  plan: (sizes: SizesOfCarried) => Turn | undefined,
): SizesOfCarried | undefined {
  let sizes: SizesOfCarried = new Map(carried.map((position) => [position, sizesOfOrigin(given[position] as Origin)]));
  for (let trial = 1; ; trial++) {
    const turn = plan(trial < MAX_TRIALS ? sizes : new Map());
    if (turn === undefined || trial >= MAX_TRIALS) {
      return turn && new Map();
    }
    const after = carried.map((position, place) => commonSizes(sizes.get(position), turn.carried[place]?.sizes));
    if (carried.every((position, place) => after[place]?.join() === sizes.get(position)?.join())) {
      return sizes;
    }
    sizes = new Map(carried.map((position, place) => [position, after[place]]));
  }
}

function commonSizes(a: Sizes | undefined, b: Sizes | undefined): Sizes | undefined {
  return a?.length === b?.length ? a?.map((size, axis) => (size === b?.[axis] ? size : undefined)) : undefined;
}

function sizesOfOrigin(origin: Origin): Sizes | undefined {
  if (origin.kind === "run") {
    return origin.inIsland?.value.sizes;
  }
  return origin.kind === "constant"
    ? origin.constant.shape
    : origin.kind === "variable"
      ? origin.stored.shape
      : undefined;
}

/** Gives the values of the carried variables behind the last turn, and the rows of the filled lists. */
function lowerLoop(
  { limits, carried }: LoopParts,
  given: readonly Origin[],
  turn: Turn,
  outer: OuterValues,
  graph: OnnxGraph,
): readonly Value[] {
  const counts = limits.map((limit) => castTo(outer.get(limit) as Value, "int64", graph));
  const turns = counts.length === 1 ? (counts[0] as Value) : graph.apply("Min", counts, "int64");
  const first = carried.map((position) => outer.get(given[position] as Origin) as Value);
  const run = (around: OnnxGraph): readonly Value[] =>
    around.applyWithBodies("Loop", [turns, undefined, ...first], { body: turn.body }, [
      ...turn.carried.map(({ dtype }) => ({ dtype })),
      ...turn.items.map(({ dtype, sizes }) => ({ dtype, sizes: sizes && [undefined, ...sizes] })),
    ]);
  const cell = recogniseCell(turn.reading);
  const layer = cell && lowerCell({ cell, turns, first, lists: turn.items.length, run }, graph);
  return layer ?? run(graph);
}

/**
 * @param values those of {@link lowerLoop}
 * @param isUsed what nobody asks for is not worked out: the engine would do it
 */
function outputsOf(
  { counters, limits, carried, filled }: LoopParts,
  operation: NodeOperation<Origin>,
  { values, isUsed }: { readonly values: readonly Origin[]; readonly isUsed: (position: number) => boolean },
  assembly: PlanAssembly,
): Origin[] {
  const lists = [...filled.keys()];
  return operation.inputs.map((input, position) => {
    if (counters.has(position)) {
      return isUsed(position) ? turnsTaken(operation, limits, input, assembly) : input;
    }
    const list = filled.get(position);
    const rows = values[carried.length + lists.indexOf(position)];
    return list === undefined || rows === undefined
      ? (values[carried.indexOf(position)] ?? input)
      : rowsList(list, rows, operation, assembly);
  });
}

/** What a counter is in the end. */
function turnsTaken(
  operation: NodeOperation<Origin>,
  limits: readonly Origin[],
  { dtype }: Origin,
  assembly: PlanAssembly,
): Origin {
  const [turns] = assembly.lower(operation.on(limits), ({ inputs }, graph) => {
    const counts = inputs.map((limit) => castTo(limit, "int64", graph));
    const smallest = graph.apply("Min", counts, "int64");
    const none = graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) });
    return castTo(graph.apply("Max", [smallest, none], "int64"), dtype, graph);
  });
  return turns as Origin;
}

function rowsList(
  { list, eachTurn }: FilledList,
  collected: Origin,
  operation: NodeOperation<Origin>,
  assembly: PlanAssembly,
): UnmadeList {
  const { elementType, elementShape } = list.content;
  const rows = once(() =>
    eachTurn
      ? collected
      : (assembly.lower(operation.on([collected]), ({ inputs: [all] }, graph) =>
          graph.apply("Gather", [all, graph.integers([-1])], elementType),
        )[0] as Origin),
  );
  const make = (): Origin =>
    assembly.interpret("TensorListFromTensor", rowsAsList(elementType, elementShape), [rows()])[0] as Origin;
  return listOf({ kind: "rows", elementType, elementShape, rows }, make);
}
