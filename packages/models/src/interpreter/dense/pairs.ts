/** Operations on two tensors of one type, broadcast against each other: comparisons, truth values, sums of whole numbers. */
import { type DataType, elementCount, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { broadcastStrides, broadcastTwo } from "./broadcast.ts";
import { walk } from "./walk.ts";

/** Whether something holds of two elements. JavaScript compares numbers and bigints alike. */
type Compare = (a: number | bigint, b: number | bigint) => boolean;
type Element = Tensor["data"][number];

function comparing(compare: Compare): MakeKernel {
  return pairing("bool", (a, b) => Number(compare(a as number, b as number)));
}

/** Strings are compared as well. */
function equating(ifEqual: 0 | 1): MakeKernel {
  const areStringsEqual = (a: Element, b: Element): boolean => Buffer.compare(a as Uint8Array, b as Uint8Array) === 0;
  const onStrings = pairing("bool", (a, b) => (areStringsEqual(a, b) ? ifEqual : 1 - ifEqual));
  const onNumbers = pairing("bool", (a, b) => (a === b ? ifEqual : 1 - ifEqual));
  return (operation) => (operation.input(0).dtype === "string" ? onStrings : onNumbers)(operation);
}

/** Which of two numbers is larger. */
export const comparisons: Readonly<Record<string, MakeKernel>> = {
  Less: comparing((a, b) => a < b),
  LessEqual: comparing((a, b) => a <= b),
  Greater: comparing((a, b) => a > b),
  GreaterEqual: comparing((a, b) => a >= b),
};

/** Whether two numbers, truth values or strings are equal. */
export const equalities: Readonly<Record<string, MakeKernel>> = { Equal: equating(1), NotEqual: equating(0) };

/** Operations on truth values, which are held as 0 and 1. */
export const logic: Readonly<Record<string, MakeKernel>> = {
  LogicalAnd: comparing((a, b) => a !== 0 && b !== 0),
  LogicalOr: comparing((a, b) => a !== 0 || b !== 0),
};

/** Arithmetic on whole numbers of 32 and 64 bits, of whose results the lower bits are kept. */
export const wholeArithmetic: Readonly<Record<string, MakeKernel>> = {
  AddV2: combining(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: combining(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: combining(Math.imul, (a, b) => a * b),
  Maximum: combining(Math.max, (a, b) => (a > b ? a : b)),
  Minimum: combining(Math.min, (a, b) => (a < b ? a : b)),
};

function combining(numbers: (a: number, b: number) => number, bigints: (a: bigint, b: bigint) => bigint): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(0);
    return dtype === "int64"
      ? pairing(dtype, (a, b) => bigints(a as bigint, b as bigint))(operation)
      : pairing(dtype, (a, b) => numbers(a as number, b as number))(operation);
  };
}

function pairing(dtype: DataType, combine: (a: Element, b: Element) => number | bigint): MakeKernel {
  return () => ({
    outputs: [dtype],
    run: ([first, second], clock) => {
      const [a, b] = [first as Tensor, second as Tensor];
      const shape = broadcastTwo(a.shape, b.shape);
      const count = elementCount(shape);
      new OutputBudget().take(dtype, count);
      const data = makeNumbers(dtype, count);
      visitPairs([a, b], shape, clock, (place, atA, atB) => {
        data[place] = combine(a.data[atA] as Element, b.data[atB] as Element) as never;
      });
      return [{ dtype, shape, data }];
    },
  });
}

/** Visits the places of a shape that two tensors are repeated to, with where each stands then. */
function visitPairs(
  [a, b]: readonly [Tensor, Tensor],
  shape: readonly number[],
  clock: Clock | undefined,
  visit: (place: number, atA: number, atB: number) => void,
): void {
  const count = elementCount(shape);
  const isPlain = [a, b].every(({ data }) => data.length === count || data.length === 1);
  if (!isPlain) {
    const strides = [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
    walk(shape, strides, (place, [atA = 0, atB = 0]) => visit(place, atA, atB), clock);
    return;
  }
  const [moveA, moveB] = [Number(a.data.length === count), Number(b.data.length === count)];
  for (let place = 0; place < count; place++) {
    visit(place, place * moveA, place * moveB);
  }
}

/** LogicalNot. */
export const negate: MakeKernel = () => ({
  outputs: ["bool"],
  run: ([tensor]) => {
    const { shape, data } = tensor as Tensor;
    return [{ dtype: "bool", shape, data: Uint8Array.from(data as Uint8Array, (value) => (value === 0 ? 1 : 0)) }];
  },
});
