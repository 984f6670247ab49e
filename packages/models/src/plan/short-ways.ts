import type { Value } from "../importer/onnx-graph.ts";
import type { Lowering } from "../importer/operation.ts";
import { gatherBatches } from "../interpreter/dense/gather-batches.ts";
import { reduceAlong } from "../interpreter/dense/reduce.ts";
import { product } from "../interpreter/dense/reducers.ts";
import * as short from "../interpreter/dense/short-kernels.ts";
import { findSlice } from "../interpreter/dense/strided-slice.ts";
import type { MakeKernel } from "../interpreter/kernel.ts";
import { reshape } from "../interpreter/reshape.ts";
import type { NodeOperation } from "../saved-model/node-operation.ts";
import { findNearWay, pairwise } from "./near-ways.ts";
import type { Origin, RunValue } from "./origin.ts";

/** Constants of more elements are left to the engine. */
const MAX_FEW = 64;

/** Operations that look at no element of their first input, however many there are. */
const views: ReadonlyMap<string, MakeKernel> = new Map([
  ["ExpandDims", short.expandDims],
  ["Shape", short.shapeOf],
  ["Squeeze", short.squeeze],
]);

type Operation = NodeOperation<Origin>;

/** An operation on few elements, in the cases that its kernel is for. */
interface OnFew {
  readonly isFor: (operation: Operation) => boolean;
  readonly makeKernel: MakeKernel;
}

const isWhole = ({ inputs: [first] }: Operation): boolean => /^int(32|64)$/.test(first?.dtype ?? "");
const isFloat = ({ inputs: [first] }: Operation): boolean => /^float(32|64)$/.test(first?.dtype ?? "");
const areConstant = ({ inputs }: Operation): boolean => inputs.every(({ kind }) => kind === "constant");
const areScalars = ({ inputs }: Operation): boolean =>
  inputs.every((input) => input.kind === "constant" && input.constant.shape.length === 0);

/** What the importer may know a part of, such as a shape, it puts together itself; see {@link noteShort}. */
const isPacked = (operation: Operation): boolean => isWhole(operation) && operation.integer("axis", 0) === 0;
/** A range that holds no number is for the engine, which refuses some. */
const isShortRange = (operation: Operation): boolean => {
  const length = isWhole(operation) && areScalars(operation) ? short.rangeLength(operation) : 0;
  return length > 0 && length <= MAX_FEW;
};

const onFew: ReadonlyMap<string, OnFew> = new Map([
  ["Cast", { isFor: short.isWholeCast, makeKernel: short.castWhole }],
  ["GatherV2", { isFor: isWhole, makeKernel: gatherBatches }],
  ["NotEqual", { isFor: areScalars, makeKernel: short.differ }],
  ["Pack", { isFor: isPacked, makeKernel: short.packInFront }],
  ["Prod", { isFor: isWhole, makeKernel: reduceAlong(product) }],
  ["Range", { isFor: isShortRange, makeKernel: short.rangeOf }],
  ["Reshape", { isFor: isWhole, makeKernel: reshape }],
  ["Slice", { isFor: isWhole, makeKernel: short.slicePart }],
  [
    "Sqrt",
    { isFor: (operation: Operation) => isFloat(operation) && areConstant(operation), makeKernel: short.squareRoots },
  ],
]);

/**
 * The kernel for an operation that the engine can do, on what the interpreter has: to ask the engine for it would take
 * longer than to do it. That is so for what looks at no element, for whole numbers that are few, such as the sizes of a
 * tensor, and for what does no more than compare and move values that the interpreter has made.
 */
export function findShortWay(operation: Operation): MakeKernel | undefined {
  const [first, ...others] = operation.inputs;
  if (first === undefined) {
    return undefined;
  }
  const isShort = (isFew(first) || isNear(first)) && others.every(isFew);
  return (
    (isShort ? findOnFew(operation, first) : undefined) ?? (areNear(operation) ? findNearWay(operation) : undefined)
  );
}

function findOnFew(operation: Operation, first: Origin): MakeKernel | undefined {
  const { op } = operation.node;
  if (op === "StridedSlice") {
    return findSlice(operation);
  }
  const entry = isFew(first) ? onFew.get(op) : undefined;
  return entry?.isFor(operation) ? entry.makeKernel : views.get(op);
}

/** Whether the interpreter has made an input, and has the others. */
function areNear({ inputs }: Operation): boolean {
  return inputs.some(isNear) && inputs.every((input) => isNear(input) || isFew(input));
}

/** Strings that no island has made are the interpreter's, those of the caller too. */
function isNear(origin: Origin): boolean {
  return (
    origin.kind === "run" &&
    origin.dtype !== "variant" &&
    (origin.byKernel === true || (origin.dtype === "string" && origin.inIsland === undefined))
  );
}

function isFew(origin: Origin): boolean {
  return origin.kind === "constant"
    ? origin.constant.data.length <= MAX_FEW
    : origin.kind === "run" && origin.few === true;
}

/** Operations that put whole numbers together, of which some may be known: sizes of a tensor mostly. */
const joining: ReadonlySet<string> = new Set(["ConcatV2", "Pack"]);

/** The outputs of a short way: what is few, and what the engine may as well put together itself, since it then knows a part. */
export function noteShort(operation: Operation, outputs: readonly RunValue[], lowering: Lowering): RunValue[] {
  const noted = noteFew(operation, outputs);
  if (!joining.has(operation.node.op) || !operation.inputs.every(isFew)) {
    return noted;
  }
  const inEngine: RunValue["inEngine"] = (graph, valueIn) =>
    [lowering(operation.withInputs(valueIn), graph)].flat()[0] as Value;
  return noted.map((output) => ({ ...output, inEngine }));
}

/** Operations that give the sizes of sparse tensors, and the first and the number of these outputs. */
const sizesAt: ReadonlyMap<string, (operation: Operation) => readonly [first: number, count: number]> = new Map<
  string,
  (operation: Operation) => readonly [number, number]
>([
  ["ParseExampleV2", (operation) => sparseSizes(operation.integer("num_sparse", 0))],
  ["ParseExample", (operation) => sparseSizes(operation.integer("Nsparse", 0))],
  ["ParseSingleExample", (operation) => sparseSizes(operation.integer("num_sparse", 0))],
  ["SparseReshape", () => [1, 1]],
]);

/** Behind the places and the values of as many. */
function sparseSizes(count: number): readonly [number, number] {
  return [2 * count, count];
}

/** The outputs of a kernel's step with a note of those that have few elements. */
export function noteFew(operation: Operation, outputs: readonly RunValue[]): RunValue[] {
  const { op } = operation.node;
  const [first, count] = sizesAt.get(op)?.(operation) ?? [0, areFew(operation) ? outputs.length : 0];
  return outputs.map((output, place) => (place >= first && place < first + count ? { ...output, few: true } : output));
}

/** Operations that give about as many elements as they get. */
const keepsFew: ReadonlySet<string> = new Set([
  "ConcatV2",
  "ExpandDims",
  "Squeeze",
  "StridedSlice",
  ...onFew.keys(),
  ...pairwise,
]);

/** Few numbers make few, and sizes are so whatever they are of. */
function areFew({ node: { op }, inputs }: Operation): boolean {
  return op === "Shape" || (keepsFew.has(op) && inputs.every(isFew));
}
