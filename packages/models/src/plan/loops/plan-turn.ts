import type { DataType } from "@sealserve/protocol";

import { castTo } from "../../importer/convert.ts";
import type { Sizes } from "../../importer/infer-sizes.ts";
import type { GraphBody, OnnxGraph, Value } from "../../importer/onnx-graph.ts";
import type { LoopTurn } from "../../importer/recurrent/turn-graph.ts";
import { rowsAsList } from "../../interpreter/tensor-list/make-lists.ts";
import { PlanAssembly } from "../assembly.ts";
import type { FunctionBody } from "../body-planner.ts";
import { listOf } from "../lists/plan-on-list.ts";
import { made, type Origin, type RunValue, type UnmadeList } from "../origin.ts";
import { type FilledList, type LoopParts, scalarOf } from "./loop-parts.ts";

/** What is known of the shapes of variables in every turn, by position. */
export type SizesOfCarried = ReadonlyMap<number, Sizes | undefined>;

/** One turn of a loop as the body of ONNX's Loop. */
export interface Turn {
  readonly body: GraphBody;
  /** New values of the carried variables, in order. */
  readonly carried: readonly Value[];
  /** Elements for the filled lists, in order. */
  readonly items: readonly Value[];
  /** What it does, for those who know cells of recurrent layers. */
  readonly reading: LoopTurn;
}

/** What a turn is planned with. */
export interface TurnContext {
  readonly given: readonly Origin[];
  /** The value, in the graph around, of one that is given; a list's is that of its rows. */
  readonly valueAround: (origin: Origin) => Value | undefined;
  readonly sizes: SizesOfCarried;
}

/**
 * Plans a turn of a loop that stands in a graph. What is done on constants goes into that graph itself.
 * @returns undefined when some of it is not for the engine
 * @throws ModelError as for the operations of any graph
 */
export function planTurn(
  body: FunctionBody,
  parts: LoopParts,
  { given, valueAround, sizes }: TurnContext,
  around: OnnxGraph,
): Turn | undefined {
  const graph = around.body();
  const assembly = new PlanAssembly(graph);
  const inputs = [graph.input("int64", []), graph.input("bool", [])] as const;
  const [turns, goesOn] = inputs;
  const variables = new Map(
    parts.carried.map((position) => [position, graph.input(dtypeOf(given[position]), sizes.get(position))]),
  );
  const counts = new Map<DataType, RunValue>();
  const countIn = (dtype: DataType): RunValue => {
    const count = counts.get(dtype) ?? { ...PlanAssembly.inside(castTo(turns, dtype, graph)), counts: true };
    counts.set(dtype, count);
    return count;
  };
  const fed = given.map((origin, position): Origin => {
    const variable = variables.get(position);
    if (parts.counters.has(position)) {
      return countIn(origin.dtype);
    }
    if (variable !== undefined) {
      return PlanAssembly.inside(variable);
    }
    return origin.kind === "list"
      ? listInside(origin, valueAround(origin), assembly)
      : insideOf(origin, valueAround(origin));
  });
  const wanted = new Set([...parts.carried, ...parts.filled.keys()]);
  const origins = body.planInto(assembly, fed, wanted);
  const items = [...parts.filled].map(([position, list]) => itemOf(origins[position], fed[position], list));
  const carried = parts.carried.map((position) => made(origins[position] as Origin));
  const keepsTypes = carried.every(({ dtype }, at) => dtype === given[parts.carried[at] as number]?.dtype);
  const values =
    items.includes(undefined) || !keepsTypes ? undefined : assembly.valuesInside([...carried, ...(items as Origin[])]);
  if (values === undefined) {
    return undefined;
  }
  around.takeInvariant(graph);
  const results = { carried: values.slice(0, carried.length), items: values.slice(carried.length) };
  return {
    ...results,
    body: { graph, inputs: [...inputs, ...variables.values()], outputs: [goesOn, ...values] },
    reading: { ...results, operations: graph.operations, turns, variables: [...variables.values()] },
  };
}

function dtypeOf(origin: Origin | undefined): DataType {
  return (origin as Origin).dtype;
}

function insideOf(origin: Origin, value: Value | undefined): Origin {
  return origin.kind === "run" && value !== undefined ? PlanAssembly.inside(value) : origin;
}

/** A list as a turn has it. When it would have to be made, the turn is not the engine's. */
function listInside({ content }: UnmadeList, rows: Value | undefined, assembly: PlanAssembly): UnmadeList {
  const { elementType, elementShape } = content;
  const make = (): Origin =>
    assembly.interpret("TensorListFromTensor", rowsAsList(elementType, elementShape), [])[0] as Origin;
  return listOf(
    content.kind === "rows" && rows !== undefined ? { ...content, rows: () => PlanAssembly.inside(rows) } : content,
    make,
  );
}

/** What a turn sets in a list, if it sets one element in the right place and nothing else becomes of the list. */
function itemOf(result: Origin | undefined, list: Origin | undefined, { eachTurn }: FilledList): Origin | undefined {
  if (result?.kind !== "list" || result.content.kind !== "set" || result.content.list !== list) {
    return undefined;
  }
  const { index, item } = result.content;
  const isInPlace = eachTurn ? (index as RunValue).counts === true : scalarOf(index) === 0;
  return isInPlace ? item : undefined;
}
