import {
  type DataType,
  elementCount,
  invalidArgument,
  isNumberData,
  makeNumbers,
  type Tensor,
} from "@sealserve/protocol";

import { FLOATS } from "../float-types.ts";
import { type Fold, fold, LARGER, SUM } from "../fold.ts";
import { integersOf, integerVector } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";

type Numbers = ReturnType<typeof makeNumbers>;

/** How rows of one segment become one. */
interface Reduction extends Fold {
  /** What stands in segments without rows: where the ids are sorted, and where they are not. */
  readonly empty: { readonly sorted: number; readonly unsorted: "none" | "lowest" | "highest" | "one" };
}

const sum: Reduction = {
  ...SUM,
  empty: { sorted: 0, unsorted: "none" },
};
const product: Reduction = {
  numbers: (there, coming) => there * coming,
  bigints: (there, coming) => there * coming,
  empty: { sorted: 1, unsorted: "one" },
};
const largest: Reduction = {
  ...LARGER,
  empty: { sorted: 0, unsorted: "lowest" },
};
const smallest: Reduction = {
  numbers: (there, coming) => (coming < there ? coming : there),
  bigints: (there, coming) => (coming < there ? coming : there),
  empty: { sorted: 0, unsorted: "highest" },
};

const INTEGERS: readonly DataType[] = ["int32", "int64"];
const NUMBERS: readonly DataType[] = [...FLOATS, ...INTEGERS];

/** The lowest and the highest number of each type. */
const ranges: ReadonlyMap<DataType, readonly [number | bigint, number | bigint]> = new Map([
  ["int32", [-(2 ** 31), 2 ** 31 - 1]],
  ["int64", [-(2n ** 63n), 2n ** 63n - 1n]],
  ["float32", [-(2 - 2 ** -23) * 2 ** 127, (2 - 2 ** -23) * 2 ** 127]],
  ["float64", [-Number.MAX_VALUE, Number.MAX_VALUE]],
]);

/** SegmentSum and its relatives: rows of one segment become one; the segments of the rows never go down. */
function reduceSorted(reduction: Reduction, isMean = false): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(0);
    expectType(dtype, isMean ? FLOATS : NUMBERS, operation.refuse.bind(operation));
    return {
      outputs: [dtype],
      run: ([data, ids]) => {
        const segments = integerVector(ids, "Segment ids");
        expectSorted(segments, data as Tensor);
        const target = { count: (segments.at(-1) ?? -1) + 1, empty: numberOf(dtype, reduction.empty.sorted) };
        const reduced = reduceRows(data as Tensor, segments, reduction, target);
        return [isMean ? divideRows(reduced, segments) : reduced];
      },
    };
  };
}

/** UnsortedSegmentMax and its relatives: rows become one with those of their segment; those with a negative one are left out. */
function reduceUnsorted(reduction: Reduction): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(0);
    expectType(dtype, NUMBERS, operation.refuse.bind(operation));
    return {
      outputs: [dtype],
      run: ([data, ids, segmentCount]) => {
        const { shape } = ids as Tensor;
        const given = data as Tensor;
        const count = wholeNumber(segmentCount, "num_segments");
        if (shape.some((size, axis) => size !== given.shape[axis])) {
          throw invalidArgument(
            `data.shape = [${given.shape.join(",")}] does not start with segment_ids.shape = [${shape.join(",")}]`,
          );
        }
        const segments = integersOf(ids, "Segment ids");
        const outside = segments.find((segment) => segment >= count);
        if (count < 0 || outside !== undefined) {
          throw invalidArgument(`segment id ${outside} is out of range [0, ${count})`);
        }
        const rows = { ...given, shape: [elementCount(shape), ...given.shape.slice(shape.length)] };
        return [reduceRows(rows, segments, reduction, { count, empty: emptyOf(dtype, reduction) })];
      },
    };
  };
}

function emptyOf(dtype: DataType, { empty }: Reduction): number | bigint {
  const [lowest, highest] = ranges.get(dtype) ?? [0, 0];
  const values = { none: numberOf(dtype, 0), one: numberOf(dtype, 1), lowest, highest };
  return values[empty.unsorted];
}

function numberOf(dtype: DataType, value: number): number | bigint {
  return dtype === "int64" ? BigInt(value) : value;
}

interface Target {
  /** Number of segments. */
  readonly count: number;
  /** What stands in those without rows. */
  readonly empty: number | bigint;
}

/** @throws ServingError `RESOURCE_EXHAUSTED` */
function reduceRows(
  { dtype, shape, data }: Tensor,
  segments: readonly number[],
  reduction: Reduction,
  { count, empty }: Target,
): Tensor & { readonly data: Numbers } {
  const rowShape = shape.slice(1);
  const width = elementCount(rowShape);
  const budget = new OutputBudget();
  budget.take(dtype, count * width);
  budget.take("uint8", count);
  const reduced = makeNumbers(dtype, count * width);
  reduced.fill(empty as never);
  const isSet = new Uint8Array(count);
  const source = isNumberData(data) ? data : [];
  for (const [row, segment] of segments.entries()) {
    if (segment < 0) {
      continue;
    }
    for (let column = 0; column < width; column++) {
      const at = segment * width + column;
      const coming = source[row * width + column];
      reduced[at] = (isSet[segment] === 1 ? fold(reduction, reduced[at], coming) : coming) as never;
    }
    isSet[segment] = 1;
  }
  return { dtype, shape: [count, ...rowShape], data: reduced };
}

/** Divides sums by how many rows have become each. */
function divideRows(sums: Tensor & { readonly data: Numbers }, segments: readonly number[]): Tensor {
  const counts = new Map<number, number>();
  for (const segment of segments) {
    counts.set(segment, (counts.get(segment) ?? 0) + 1);
  }
  const width = elementCount(sums.shape.slice(1));
  for (const [index, value] of sums.data.entries()) {
    sums.data[index] = (Number(value) / (counts.get(Math.floor(index / width)) ?? 1)) as never;
  }
  return sums;
}

/** @throws ModelError what `refuse` throws */
function expectType(dtype: DataType, types: readonly DataType[], refuse: (reason: string) => never): void {
  if (!types.includes(dtype)) {
    refuse(`its data are ${dtype}`);
  }
}

/** @throws ServingError `INVALID_ARGUMENT` */
function expectSorted(segments: readonly number[], { shape }: Tensor): void {
  if (shape.length < 1 || segments.length !== shape[0]) {
    throw invalidArgument("segment_ids should be the same size as dimension 0 of input.");
  }
  if (segments.some((segment, index) => segment < (segments[index - 1] ?? 0))) {
    throw invalidArgument("segment ids are not increasing from 0 on");
  }
}

/** Operations that make one row of those of each segment. */
export const reduceKernels: Readonly<Record<string, MakeKernel>> = {
  SegmentMax: reduceSorted(largest),
  SegmentMean: reduceSorted(sum, true),
  SegmentMin: reduceSorted(smallest),
  SegmentProd: reduceSorted(product),
  SegmentSum: reduceSorted(sum),
  UnsortedSegmentMax: reduceUnsorted(largest),
  UnsortedSegmentMin: reduceUnsorted(smallest),
  UnsortedSegmentProd: reduceUnsorted(product),
};
