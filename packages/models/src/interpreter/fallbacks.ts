import type { KnownInput, NodeOperation } from "../saved-model/node-operation.ts";
import { clip } from "./dense/clip.ts";
import { concatenateAlong } from "./dense/concatenate.ts";
import { divideIntegers, floorQuotient, floorRemainder, quotient } from "./dense/divide-integers.ts";
import { gatherBatches } from "./dense/gather-batches.ts";
import { meanAlong, reduceAlong } from "./dense/reduce.ts";
import { all, any, largest, product, smallest, sum } from "./dense/reducers.ts";
import { sliceByInputs } from "./dense/strided-slice.ts";
import { transpose } from "./dense/transpose.ts";
import type { MakeKernel } from "./kernel.ts";

type Known = NodeOperation<KnownInput>;

/** A kernel for the cases of an operation that its ONNX form cannot express. */
interface Fallback {
  readonly isNeeded: (operation: Known) => boolean;
  readonly makeKernel: MakeKernel;
}

const lacksConstant =
  (position: number) =>
  ({ inputs }: Known): boolean =>
    inputs[position] !== undefined && inputs[position].constant === undefined;

const lacksAxis = ({ inputs }: Known): boolean => inputs.length > 1 && inputs.at(-1)?.constant === undefined;

const overAxes = (makeKernel: MakeKernel): Fallback => ({ isNeeded: lacksConstant(1), makeKernel });

const onIntegers = (makeKernel: MakeKernel): Fallback => ({
  isNeeded: (operation) => /^u?int/.test(operation.input(0).dtype),
  makeKernel,
});

const inBatches: Fallback = {
  isNeeded: (operation) => operation.integer("batch_dims", 0) !== 0 || lacksConstant(2)(operation),
  makeKernel: gatherBatches,
};

/** Whether a bound is no constant scalar, or no number. */
const isOpenBound = (bound: KnownInput | undefined): boolean =>
  bound?.constant === undefined || bound.constant.shape.length > 0 || Number.isNaN(Number(bound.constant.data[0]));

const withOpenBounds: Fallback = {
  isNeeded: ({ inputs: [, lowest, highest] }) => isOpenBound(lowest) || isOpenBound(highest),
  makeKernel: clip,
};

const fallbacks: ReadonlyMap<string, Fallback> = new Map([
  ["All", overAxes(reduceAlong(all))],
  ["Any", overAxes(reduceAlong(any))],
  ["Max", overAxes(reduceAlong(largest))],
  ["Mean", overAxes(meanAlong)],
  ["Min", overAxes(reduceAlong(smallest))],
  ["Prod", overAxes(reduceAlong(product))],
  ["Sum", overAxes(reduceAlong(sum))],
  ["Transpose", overAxes(transpose)],
  ["ClipByValue", withOpenBounds],
  ["Div", onIntegers(divideIntegers(quotient))],
  ["FloorDiv", onIntegers(divideIntegers(floorQuotient))],
  ["FloorMod", onIntegers(divideIntegers(floorRemainder))],
  ["GatherV2", inBatches],
  ["ResourceGather", inBatches],
  ["ConcatV2", { isNeeded: lacksAxis, makeKernel: concatenateAlong }],
  ["StridedSlice", { isNeeded: lacksConstant(3), makeKernel: sliceByInputs }],
]);

/** The kernel for an operation that has an ONNX form, but none for this case; undefined where the form does. */
export function findFallback(operation: Known): MakeKernel | undefined {
  const fallback = fallbacks.get(operation.node.op);
  return fallback?.isNeeded(operation) ? fallback.makeKernel : undefined;
}
