import type { FillBudget, Tensor } from "@sealserve/protocol";

import type { FlatGraph, FlatSource } from "../saved-model/flat-graph.ts";
import { NodeOperation } from "../saved-model/node-operation.ts";
import { originalSource } from "../saved-model/pass-through.ts";

/** One side of a comparison: an input of the loop's step by its place, or a constant. */
export type BoundSide = { readonly place: number } | { readonly constant: Tensor };

/** One side of a comparison in a loop's condition: the argument at a position, or a constant. */
export type ComparedSide = { readonly argument: number } | { readonly constant: Tensor };

/** A comparison that has to hold for the loop to go on: the first side is below the second. */
export type LoopBound = readonly [BoundSide, BoundSide];

/** What may run besides, since it computes nothing and checks nothing. */
const inert: ReadonlySet<string> = new Set(["Const", "Identity", "NoOp"]);

/**
 * What a loop's condition compares, if it is that one argument is below another or a constant, or that of two pairs; undefined for
 * any other condition.
 * @param fill what the model's constants may still fill up
 * @throws ProtocolError for a malformed constant
 */
export function comparedSides(
  condition: FlatGraph,
  fill: FillBudget,
): readonly (readonly [ComparedSide, ComparedSide])[] | undefined {
  const [result] = condition.outputs;
  const hasControls = condition.nodes.some(({ controls }) => controls.length > 0);
  if (result === undefined || hasControls || condition.effects.some(({ op }) => !inert.has(op))) {
    return undefined;
  }
  const pairs = (inputsOf(result, "LogicalAnd") ?? [result]).map((source) => comparison(source, fill));
  return pairs.every((pair) => pair !== undefined) ? pairs : undefined;
}

function comparison(source: FlatSource, fill: FillBudget): readonly [ComparedSide, ComparedSide] | undefined {
  const [smaller, larger] = (inputsOf(source, "Less") ?? []).map((side) => comparedSide(originalSource(side), fill));
  const depends = [smaller, larger].some((side) => side !== undefined && "argument" in side);
  return depends && smaller !== undefined && larger !== undefined ? [smaller, larger] : undefined;
}

function comparedSide(source: FlatSource, fill: FillBudget): ComparedSide | undefined {
  if ("fed" in source) {
    return { argument: source.fed };
  }
  const constant = constantOf(source, fill);
  return constant && { constant };
}

/** The tensor of a constant; undefined for any other source. @throws ProtocolError for a malformed one */
export function constantOf(source: FlatSource | undefined, fill: FillBudget): Tensor | undefined {
  return source !== undefined && "node" in source && source.node.op === "Const"
    ? new NodeOperation(source.node, [], "", fill).tensor("value")
    : undefined;
}

function inputsOf(source: FlatSource, op: string): readonly FlatSource[] | undefined {
  const origin = originalSource(source);
  return "node" in origin && origin.node.op === op ? origin.node.inputs : undefined;
}

/**
 * Whether a loop goes on, where that is to be seen from single whole numbers: asking the engine would take longer than what
 * many a loop does in a turn. Undefined where the condition has to be run.
 */
export function areWithin(bounds: readonly LoopBound[], inputs: readonly Tensor[]): boolean | undefined {
  let within = true;
  for (const sides of bounds) {
    const [smaller, larger] = sides.map((side) => ("constant" in side ? side.constant : inputs[side.place]));
    const [a, b] = [wholeNumber(smaller), wholeNumber(larger)];
    if (a === undefined || b === undefined || smaller?.dtype !== larger?.dtype) {
      return undefined;
    }
    within = within && a < b;
  }
  return within;
}

function wholeNumber(tensor: Tensor | undefined): number | bigint | undefined {
  const isInteger = tensor?.data instanceof Int32Array || tensor?.data instanceof BigInt64Array;
  return tensor?.shape.length === 0 && isInteger ? (tensor.data[0] as number | bigint | undefined) : undefined;
}
