import {
  type DataType,
  elementCount,
  invalidArgument,
  isNumberData,
  makeNumbers,
  type Tensor,
} from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { FLOATS } from "../float-types.ts";
import { integersOf, integerVector } from "../integers.ts";
import type { Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";

const SUMMABLE: readonly DataType[] = [...FLOATS, "int32", "int64"];

type Numbers = ReturnType<typeof makeNumbers>;

/** What is done with the sum of a segment of `count` rows. */
type Finish = (sum: number, count: number) => number;

const sum: Finish = (total) => total;
const mean: Finish = (total, count) => total / count;
const meanOfRoot: Finish = (total, count) => total / Math.sqrt(count);

/** SparseSegmentSum and its relatives: picks rows of the data by their indices, and sums those of one segment. */
function sumPicked(finish: Finish, countGiven: boolean): MakeKernel {
  return (operation) =>
    summing(operation, finish === sum ? SUMMABLE : FLOATS, ([data, indices, ids, count]) => {
      const picked = integerVector(indices, "Indices");
      const segments = integerVector(ids, "Segment ids");
      expectRows(data as Tensor, picked);
      expectSorted(segments, picked.length);
      const length = countGiven ? wholeNumber(count, "num_segments") : (segments.at(-1) ?? -1) + 1;
      expectBelow(segments, length);
      return { rows: picked, segments, length, rank: 1, finish };
    });
}

/** UnsortedSegmentSum: sums rows by the segment that each is given; those with a negative one are left out. */
const sumUnsorted: MakeKernel = (operation) =>
  summing(operation, SUMMABLE, ([data, ids, count]) => {
    const { shape } = ids as Tensor;
    const segments = integersOf(ids, "Segment ids");
    if (shape.some((size, axis) => size !== data?.shape[axis])) {
      throw invalidArgument(
        `data.shape = [${data?.shape.join(",")}] does not start with segment_ids.shape = [${shape.join(",")}]`,
      );
    }
    const length = wholeNumber(count, "num_segments");
    expectBelow(segments, length);
    return { rows: [...segments.keys()], segments, length, rank: shape.length, finish: sum };
  });

interface Summing {
  /** Rows of the data, and the segment of each; negative for none. */
  readonly rows: readonly number[];
  readonly segments: readonly number[];
  /** Number of segments. */
  readonly length: number;
  /** Axes of the data that a row is counted over. */
  readonly rank: number;
  readonly finish: Finish;
}

function summing(
  operation: NodeOperation<KnownInput>,
  types: readonly DataType[],
  read: (inputs: readonly Tensor[]) => Summing,
): Kernel {
  const { dtype } = operation.input(0);
  if (!types.includes(dtype)) {
    operation.refuse(`its data are ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: (inputs) => {
      const [data] = inputs as [Tensor];
      const request = read(inputs);
      const rowShape = data.shape.slice(request.rank);
      const budget = new OutputBudget();
      budget.take(dtype, request.length * elementCount(rowShape));
      budget.take("uint32", request.length);
      return [{ dtype, shape: [request.length, ...rowShape], data: sumRows(data, elementCount(rowShape), request) }];
    },
  };
}

/** Sums are kept in the type of the data, as TensorFlow does. */
function sumRows({ dtype, data }: Tensor, width: number, { rows, segments, length, finish }: Summing): Numbers {
  const sums = makeNumbers(dtype, length * width);
  const counts = new Uint32Array(length);
  for (const [index, row] of rows.entries()) {
    const segment = segments[index] as number;
    if (segment >= 0) {
      counts[segment] = (counts[segment] ?? 0) + 1;
      addRow(sums, segment * width, data, row * width, width);
    }
  }
  if (finish !== sum) {
    for (const [index, value] of sums.entries()) {
      const count = counts[Math.floor(index / width)] ?? 0;
      sums[index] = (count === 0 ? value : finish(Number(value), count)) as never;
    }
  }
  return sums;
}

function addRow(sums: Numbers, to: number, data: Tensor["data"], from: number, width: number): void {
  if (!isNumberData(data)) {
    return;
  }
  for (let column = 0; column < width; column++) {
    sums[to + column] = ((sums[to + column] as number) + (data[from + column] as number)) as never;
  }
}

function expectRows({ shape }: Tensor, rows: readonly number[]): void {
  const [count = 0] = shape;
  const outside = rows.find((row) => row < 0 || row >= count);
  if (shape.length < 1 || outside !== undefined) {
    throw invalidArgument(`indices ${outside} out of range [0, ${count})`);
  }
}

function expectSorted(segments: readonly number[], count: number): void {
  if (segments.length !== count) {
    throw invalidArgument("segment_ids and indices should have same size.");
  }
  if (segments.some((segment, index) => segment < (segments[index - 1] ?? 0))) {
    throw invalidArgument("segment ids are not increasing from 0 on");
  }
}

function expectBelow(segments: readonly number[], length: number): void {
  const outside = segments.find((segment) => segment >= length);
  if (length < 0 || outside !== undefined) {
    throw invalidArgument(`segment id ${outside} is out of range [0, ${length})`);
  }
}

/** Operations that sum rows. */
export const segmentKernels: Readonly<Record<string, MakeKernel>> = {
  SparseSegmentSum: sumPicked(sum, false),
  SparseSegmentSumWithNumSegments: sumPicked(sum, true),
  SparseSegmentMean: sumPicked(mean, false),
  SparseSegmentMeanWithNumSegments: sumPicked(mean, true),
  SparseSegmentSqrtN: sumPicked(meanOfRoot, false),
  SparseSegmentSqrtNWithNumSegments: sumPicked(meanOfRoot, true),
  UnsortedSegmentSum: sumUnsorted,
};
