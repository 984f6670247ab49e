/** Operations on values of the interpreter that are done there too, however many elements these have. */
import { gatherAt, select, selectRows, where } from "../interpreter/dense/choose.ts";
import { gatherBatches } from "../interpreter/dense/gather-batches.ts";
import { comparisons, equalities, logic, negate, wholeArithmetic } from "../interpreter/dense/pairs.ts";
import { reduceAlong } from "../interpreter/dense/reduce.ts";
import { all, any, largest, product, smallest, sum } from "../interpreter/dense/reducers.ts";
import { broadcastTo, concatenation, countUp, fillShape, tile, zerosLike } from "../interpreter/dense/repeat.ts";
import { runningSum } from "../interpreter/dense/running-sum.ts";
import { castWhole, isWholeCast, packInFront, sizeOf, slicePart } from "../interpreter/dense/short-kernels.ts";
import type { MakeKernel } from "../interpreter/kernel.ts";
import { reshape } from "../interpreter/reshape.ts";
import type { KnownInput, NodeOperation } from "../saved-model/node-operation.ts";

type Operation = NodeOperation<KnownInput>;
type IsFor = (operation: Operation) => boolean;
type Entry = readonly [op: string, isFor: IsFor, makeKernel: MakeKernel];

const always: IsFor = () => true;
const inputIs =
  (types: RegExp, position = 0): IsFor =>
  ({ inputs }) =>
    types.test(inputs[position]?.dtype ?? "");
const whole = /^int(32|64)$/;
const numbers = /^(int|float)(32|64)$/;
const plain = /^((int|float)(32|64)|bool)$/;
/** A sum that begins at the end, or leaves each element itself out. */
const isTurned: IsFor = (operation) => operation.flag("exclusive", false) || operation.flag("reverse", false);
const each = (kernels: Readonly<Record<string, MakeKernel>>, isFor: IsFor): Entry[] =>
  Object.entries(kernels).map(([op, makeKernel]) => [op, isFor, makeKernel]);

/** Each looks at an element once or twice. */
const entries: readonly Entry[] = [
  ...each(comparisons, inputIs(numbers)),
  ...each(equalities, inputIs(/^((int|float)(32|64)|bool|string)$/)),
  ...each(logic, always),
  ...each(wholeArithmetic, inputIs(whole)),
  ["All", inputIs(/^bool$/), reduceAlong(all)],
  ["Any", inputIs(/^bool$/), reduceAlong(any)],
  ["BroadcastTo", inputIs(whole, 1), broadcastTo],
  ["Cast", isWholeCast, castWhole],
  ["ConcatV2", ({ inputs }) => inputs.at(-1)?.constant !== undefined, concatenation],
  ["Cumsum", (operation) => inputIs(whole)(operation) && !isTurned(operation), runningSum],
  ["Fill", inputIs(whole), fillShape],
  ["GatherNd", inputIs(whole, 1), gatherAt],
  ["GatherV2", inputIs(whole, 1), gatherBatches],
  ["LogicalNot", always, negate],
  ["Max", inputIs(whole), reduceAlong(largest)],
  ["Min", inputIs(whole), reduceAlong(smallest)],
  ["Pack", (operation) => operation.integer("axis", 0) === 0, packInFront],
  ["Prod", inputIs(whole), reduceAlong(product)],
  ["Range", inputIs(whole), countUp],
  ["Reshape", always, reshape],
  ["Select", always, selectRows],
  ["SelectV2", always, select],
  ["Size", always, sizeOf],
  ["Slice", inputIs(whole), slicePart],
  ["Sum", inputIs(whole), reduceAlong(sum)],
  ["Tile", inputIs(whole, 1), tile],
  ["Where", inputIs(plain), where],
  ["ZerosLike", inputIs(plain), zerosLike],
];
const ways: ReadonlyMap<string, { readonly isFor: IsFor; readonly makeKernel: MakeKernel }> = new Map(
  entries.map(([op, isFor, makeKernel]) => [op, { isFor, makeKernel }]),
);

/** Operations on pairs of elements. */
export const pairwise: readonly string[] = [comparisons, equalities, logic, wholeArithmetic].flatMap(Object.keys);

/**
 * The kernel for an operation on values that the interpreter has made, which the engine could do. It takes less than what has
 * made them did, as it only compares, counts and moves elements, where each way to the engine costs a call of it and one more
 * island. What computes with floats is for the engine.
 */
export function findNearWay(operation: Operation): MakeKernel | undefined {
  const way = ways.get(operation.node.op);
  return way?.isFor(operation) ? way.makeKernel : undefined;
}
