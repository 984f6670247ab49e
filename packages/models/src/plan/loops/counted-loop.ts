import type { FillBudget, Tensor } from "@sealserve/protocol";

import type { FlatGraph, FlatSource } from "../../saved-model/flat-graph.ts";
import { originalSource } from "../../saved-model/pass-through.ts";
import type { FunctionBody } from "../body-planner.ts";
import { type ComparedSide, constantOf } from "../loop-bounds.ts";
import type { Origin } from "../origin.ts";

/** A loop that takes as many turns as is known before the first one. */
export interface CountedLoop {
  /** Variables that are the number of turns before. */
  readonly counters: ReadonlySet<number>;
  /** Numbers, the smallest of which is how many turns it takes; none when that is negative. */
  readonly limits: readonly Origin[];
}

/** Reads a loop; undefined for one that goes on by anything but a count. */
export function readCountedLoop(
  given: readonly Origin[],
  condition: FunctionBody,
  body: FunctionBody,
  fill: FillBudget,
): CountedLoop | undefined {
  const counters = new Set(
    [...given.keys()].filter((position) => isZero(given[position]) && addsOne(body.graph, position, fill)),
  );
  const limits = condition.compares?.map(([counter, side]): Origin | undefined => {
    const limit = limitOf(side, given, body);
    return "argument" in counter && counters.has(counter.argument) && limit?.dtype === given[counter.argument]?.dtype
      ? limit
      : undefined;
  });
  return limits === undefined || limits.length === 0 || limits.includes(undefined)
    ? undefined
    : { counters, limits: limits as Origin[] };
}

/** What stays the same in all turns. */
function limitOf(side: ComparedSide, given: readonly Origin[], body: FunctionBody): Origin | undefined {
  if ("argument" in side) {
    return body.handsOn(side.argument) ? given[side.argument] : undefined;
  }
  const { constant } = side;
  return wholeScalar(constant) === undefined ? undefined : { kind: "constant", dtype: constant.dtype, constant };
}

function isZero(origin: Origin | undefined): boolean {
  return origin?.kind === "constant" && wholeScalar(origin.constant) === 0;
}

/** Whether a turn gives a variable plus 1 for it. */
function addsOne({ outputs }: FlatGraph, position: number, fill: FillBudget): boolean {
  const next = outputs[position];
  const sum = next && originalSource(next);
  if (sum === undefined || !("node" in sum) || !["Add", "AddV2"].includes(sum.node.op)) {
    return false;
  }
  const [a, b] = sum.node.inputs.map(originalSource);
  return [
    [a, b],
    [b, a],
  ].some(([variable, one]) => isArgument(variable, position) && isOne(one, fill));
}

function isArgument(source: FlatSource | undefined, position: number): boolean {
  return source !== undefined && "fed" in source && source.fed === position;
}

function isOne(source: FlatSource | undefined, fill: FillBudget): boolean {
  const tensor = constantOf(source, fill);
  return tensor !== undefined && wholeScalar(tensor) === 1;
}

function wholeScalar({ shape, data }: Tensor): number | undefined {
  const isInteger = data instanceof Int32Array || data instanceof BigInt64Array;
  return shape.length === 0 && isInteger ? Number(data[0]) : undefined;
}
