import {
  type DataType,
  elementCount,
  invalidArgument,
  isNumberData,
  makeNumbers,
  type Tensor,
} from "@sealserve/protocol";

import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readAxes } from "./axes.ts";
import { isSmallInteger, type Reducer, type Reduction, sum } from "./reducers.ts";
import { stridesOf, walk } from "./walk.ts";

/** What is done with a total of `count` elements. */
type Finish = (totals: ArrayLike<number | bigint>, count: number) => Tensor["data"];

/** A reduction over axes that are known only when the model runs. */
export function reduceAlong(reduction: Reduction): MakeKernel {
  return reducing(reduction, (dtype) => (totals) => store(dtype, totals));
}

/** The mean; that of whole numbers is cut towards zero, and there is none of no numbers. */
export const meanAlong: MakeKernel = reducing(sum, (dtype) => (totals, count) => {
  const isFloat = dtype === "float32" || dtype === "float64";
  if (!isFloat && count === 0) {
    throw invalidArgument("there is no mean of no whole numbers");
  }
  const mean = (total: number | bigint): number | bigint => {
    if (typeof total === "bigint") {
      return total / BigInt(count);
    }
    return isFloat ? total / count : Math.trunc(total / count);
  };
  return store(dtype, Array.from(totals, mean));
});

function reducing(reduction: Reduction, finishFor: (dtype: DataType) => Finish): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(0);
    const by = reducerOf(reduction, dtype) ?? operation.refuse(`its axes are not constant, and its input is ${dtype}`);
    const [keep, finish] = [operation.flag("keep_dims", false), finishFor(dtype)];
    return {
      outputs: [dtype],
      run: ([tensor, axes], clock) => {
        const { shape, data } = tensor as Tensor;
        const reduced = new Set(readAxes(axes, shape.length));
        const kept = shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
        const length = elementCount(kept);
        // Totals are held in twice the width at most, and again as numbers.
        new OutputBudget().take("float64", length * 3);
        const strides = stridesOf(kept).map((stride, axis) => (reduced.has(axis) ? 0 : stride));
        const totals = reduceAll(data, by, { shape, strides, length, clock });
        const each = length === 0 ? 1 : elementCount(shape) / length;
        return [
          { dtype, shape: keep ? kept : kept.filter((_, axis) => !reduced.has(axis)), data: finish(totals, each) },
        ];
      },
    };
  };
}

/** A reducer with what it keeps its totals in. */
type Reducing =
  | { readonly int64: Reducer<bigint> }
  | { readonly numbers: Reducer<number>; readonly totals: (length: number) => Float64Array | Int32Array };

/**
 * Undefined for a type that the reduction does not take. Floats are added up in float64, whole numbers in 32 bits, which the
 * type takes the lower ones of.
 */
function reducerOf({ floats, integers, int64, bool }: Reduction, dtype: DataType): Reducing | undefined {
  if (dtype === "int64") {
    return int64 && { int64 };
  }
  if (dtype === "float32" || dtype === "float64") {
    return floats && { numbers: floats, totals: (length) => new Float64Array(length) };
  }
  const numbers = dtype === "bool" ? bool : isSmallInteger(dtype) ? integers?.(dtype) : undefined;
  return numbers && { numbers, totals: (length) => new Int32Array(length) };
}

interface Request {
  readonly shape: readonly number[];
  /** How far apart the totals of neighbours along each axis are. */
  readonly strides: readonly number[];
  /** Number of totals. */
  readonly length: number;
  readonly clock: Clock | undefined;
}

function reduceAll(data: Tensor["data"], by: Reducing, request: Request): ArrayLike<number | bigint> {
  if ("int64" in by) {
    return data instanceof BigInt64Array
      ? reduceInto(data, by.int64, new BigInt64Array(request.length), request)
      : new BigInt64Array();
  }
  return isNumberData(data) && !(data instanceof BigInt64Array || data instanceof BigUint64Array)
    ? reduceInto(data, by.numbers, by.totals(request.length), request)
    : new Float64Array();
}

interface Cells<N> extends ArrayLike<N> {
  [index: number]: N;
  fill(value: N): unknown;
}

function reduceInto<N>(
  values: ArrayLike<N>,
  { start, add }: Reducer<N>,
  totals: Cells<N>,
  { shape, strides, clock }: Request,
): Cells<N> {
  totals.fill(start);
  walk(
    shape,
    [strides],
    (place, [at = 0]) => {
      totals[at] = add(totals[at] as N, values[place] as N);
    },
    clock,
  );
  return totals;
}

function store(dtype: DataType, totals: ArrayLike<number | bigint>): Tensor["data"] {
  const data = makeNumbers(dtype, totals.length);
  for (let index = 0; index < totals.length; index++) {
    data[index] = totals[index] as never;
  }
  return data;
}
