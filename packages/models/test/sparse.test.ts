import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { modelError, servingError } from "./fixtures/errors.ts";
import { listAttr, runKernel } from "./fixtures/kernel.ts";
import { textAttr } from "./fixtures/operation-case.ts";
import { booleans, doubles, floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

type Attributes = Readonly<Record<string, AttrValue>>;

const first = (...args: Parameters<typeof runKernel>): Tensor => runKernel(...args)[0] as Tensor;
const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const tooLarge = servingError("RESOURCE_EXHAUSTED", /too large/);
const number = (value: number): Tensor => int64s([], [value]);

test("SparseToDense puts values into a tensor of a default", () => {
  const matrix = [int64s([2, 2], [0, 1, 1, 0]), int64s([2], [2, 2]), floats([2], [5, 6]), floats([], [-1])];
  assert.deepEqual(first("SparseToDense", matrix), floats([2, 2], [-1, 5, 6, -1]));
  const vector = [int32s([2], [0, 2]), int32s([1], [3]), floats([], [7]), floats([], [0])];
  assert.deepEqual(first("SparseToDense", vector), floats([3], [7, 0, 7]));
  const words = [int64s([1, 1], [1]), int64s([1], [2]), texts(["b"]), { ...texts(["a"]), shape: [] }];
  assert.deepEqual(first("SparseToDense", words), texts(["a", "b"]));
  assert.deepEqual(
    first("SparseToDense", [int64s([], [1]), int64s([1], [2]), floats([], [4]), floats([], [0])]),
    floats([2], [0, 4]),
  );
});

test("SparseToDense refuses places that are outside, repeated or out of order, and a shape without end", () => {
  const at = (places: readonly number[], size = 3) => [
    int64s([places.length, 1], places),
    int64s([1], [size]),
    floats([places.length], places),
    floats([], [0]),
  ];
  assert.throws(() => runKernel("SparseToDense", at([3])), invalid(/out of bounds/));
  assert.throws(() => runKernel("SparseToDense", at([-1])), invalid(/out of bounds/));
  assert.throws(() => runKernel("SparseToDense", at([1, 1])), invalid(/out of order or repeated/));
  assert.throws(() => runKernel("SparseToDense", at([1, 0])), invalid(/out of order or repeated/));
  const unchecked = first("SparseToDense", at([1, 0]), { validate_indices: { b: false } });
  assert.deepEqual(unchecked, floats([3], [0, 1, 0]));
  assert.throws(() => runKernel("SparseToDense", at([1], -1)), invalid(/sizes from 0 on/));
  assert.throws(() => runKernel("SparseToDense", at([1], 2 ** 40)), tooLarge);
  assert.throws(
    () => runKernel("SparseToDense", [int64s([1, 2], [0, 0]), int64s([1], [3]), floats([1]), floats([], [0])]),
    invalid(/rank 1/),
  );
  assert.throws(
    () => runKernel("SparseToDense", [int64s([2, 1], [0, 1]), int64s([1], [3]), floats([1]), floats([], [0])]),
    invalid(/2 values/),
  );
});

test("coordinates of too many values are refused before one is read", () => {
  const count = 2 ** 22 + 1;
  // All of them are outside of the shape.
  const indices: Tensor = { dtype: "int64", shape: [count, 2], data: new BigInt64Array(2 * count).fill(-1n) };
  const values: Tensor = { dtype: "float32", shape: [count], data: new Float32Array(count) };
  const shape = int64s([2], [3, 3]);
  const calls: readonly [string, Tensor[]][] = [
    ["SparseToDense", [indices, shape, values, floats([], [0])]],
    ["SparseReshape", [indices, shape, int64s([1], [9])]],
    ["SparseFillEmptyRows", [indices, values, shape, floats([], [0])]],
    ["SparseReduceSum", [indices, values, shape, int32s([1], [0])]],
    ["SparseReorder", [indices, values, shape]],
    ["SparseTensorDenseMatMul", [indices, values, shape, floats([3, 1], [1, 1, 1])]],
  ];
  for (const [op, inputs] of calls) {
    assert.throws(() => runKernel(op, inputs), tooLarge, op);
  }
});

test("SparseReshape moves elements as a dense reshape does", () => {
  const [indices, shape] = runKernel("SparseReshape", [
    int64s([2, 2], [0, 1, 1, 2]),
    int64s([2], [2, 3]),
    int64s([2], [3, -1]),
  ]);
  assert.deepEqual(indices, int64s([2, 2], [0, 1, 2, 1]));
  assert.deepEqual(shape, int64s([2], [3, 2]));
  const reshape = (to: readonly number[], from = [2, 3]) =>
    runKernel("SparseReshape", [int64s([0, 2], []), int64s([2], from), int64s([to.length], to)]);
  assert.throws(() => reshape([5]), invalid(/does not fit/));
  assert.throws(() => reshape([-1, -1]), invalid(/one of -1/));
  assert.throws(() => reshape([-1, 0]), invalid(/cannot infer/));
  assert.throws(() => reshape([-1, 4]), invalid(/does not fit/));
});

test("SparseFillEmptyRows puts a default into rows without values", () => {
  const inputs = [int64s([3, 2], [2, 1, 0, 2, 2, 0]), floats([3], [5, 6, 7]), int64s([2], [4, 3]), floats([], [-1])];
  const [indices, values, isEmpty, reverse] = runKernel("SparseFillEmptyRows", inputs);
  assert.deepEqual(indices, int64s([5, 2], [0, 2, 1, 0, 2, 1, 2, 0, 3, 0]));
  assert.deepEqual(values, floats([5], [6, -1, 5, 7, -1]));
  assert.deepEqual(isEmpty, booleans([4], [0, 1, 0, 1]));
  assert.deepEqual(reverse, int64s([3], [2, 0, 3]));
  const fill = (place: number, rows: number, values_ = floats([1])) =>
    runKernel("SparseFillEmptyRows", [int64s([1, 2], [place, 0]), values_, int64s([2], [rows, 3]), floats([], [0])]);
  assert.throws(() => fill(4, 4), invalid(/out of bounds/));
  assert.throws(() => fill(0, 0), invalid(/out of bounds/));
  assert.throws(() => fill(0, 4, floats([2])), invalid(/one default value/));
  assert.throws(() => fill(0, 2 ** 40), tooLarge);
  assert.equal(
    runKernel("SparseFillEmptyRows", [int64s([0, 1], []), floats([0]), int64s([1], [2 ** 23]), floats([], [0])]).length,
    4,
  );
});

test("rows, sets and segments without elements are counted before they are made", () => {
  const union = { set_operation: textAttr("union") };
  const sets = int64s([2 ** 24, 0], []);
  assert.throws(() => runKernel("DenseToDenseSetOperation", [sets, sets], union), tooLarge);
  const none = [int64s([2 ** 24, 0], []), int64s([0], []), floats([], [1]), floats([], [0])];
  assert.throws(() => runKernel("SparseToDense", none), tooLarge);
  const segments = [floats([1, 0], []), int64s([1], [0]), int64s([1], [2 ** 40])];
  assert.throws(() => runKernel("SparseSegmentSum", segments), tooLarge);
});

test("numbers that are none are equal to nothing", () => {
  const [values, places] = runKernel("Unique", [floats([4], [Number.NaN, 1, Number.NaN, 1])]);
  assert.deepEqual(values, floats([3], [Number.NaN, 1, Number.NaN]));
  assert.deepEqual(places, int32s([4], [0, 1, 2, 1]));
});

test("set operations give sorted sets, one for each row", () => {
  const [a, b] = [int64s([2, 3], [3, 1, 3, 5, 5, 6]), int64s([2, 2], [1, 9, 6, 6])];
  const combine = (name: string) => runKernel("DenseToDenseSetOperation", [a, b], { set_operation: textAttr(name) });
  assert.deepEqual(combine("a-b"), [int64s([2, 2], [0, 0, 1, 0]), int64s([2], [3, 5]), int64s([2], [2, 1])]);
  assert.deepEqual(combine("intersection")[1], int64s([2], [1, 6]));
  assert.deepEqual(combine("union"), [
    int64s([5, 2], [0, 0, 0, 1, 0, 2, 1, 0, 1, 1]),
    int64s([5], [1, 3, 9, 5, 6]),
    int64s([2], [2, 3]),
  ]);
  assert.deepEqual(combine("b-a")[1], int64s([1], [9]));
  const words = [
    { ...texts(["b", "a"]), shape: [1, 2] },
    { ...texts(["c"]), shape: [1, 1] },
  ];
  assert.deepEqual(
    runKernel("DenseToDenseSetOperation", words, { set_operation: textAttr("union") })[1],
    texts(["a", "b", "c"]),
  );
  assert.throws(() => combine("xor"), modelError("unsupported-op", /xor/));
  const other = int64s([1, 2], [1, 9]);
  assert.throws(
    () => runKernel("DenseToDenseSetOperation", [a, other], { set_operation: textAttr("union") }),
    invalid(/one shape/),
  );
});

test("rows that are picked are summed by their segments", () => {
  const data = floats([3, 2], [1, 2, 3, 4, 5, 6]);
  const inputs = [data, int64s([4], [0, 2, 2, 1]), int32s([4], [0, 0, 2, 2])];
  assert.deepEqual(first("SparseSegmentSum", inputs), floats([3, 2], [6, 8, 0, 0, 8, 10]));
  assert.deepEqual(first("SparseSegmentMean", inputs), floats([3, 2], [3, 4, 0, 0, 4, 5]));
  assert.deepEqual(
    first("SparseSegmentSqrtN", [
      doubles([2], [3, 5]),
      ...inputs.slice(1, 1),
      int64s([2], [0, 1]),
      int32s([2], [0, 0]),
    ]),
    doubles([1], [8 / Math.sqrt(2)]),
  );
  assert.deepEqual(first("SparseSegmentSumWithNumSegments", [...inputs, number(4)]).shape, [4, 2]);
  const summing = (indices: readonly number[], ids: readonly number[]) => () =>
    runKernel("SparseSegmentSum", [data, int64s([indices.length], indices), int32s([ids.length], ids)]);
  assert.throws(summing([3], [0]), invalid(/out of range/));
  assert.throws(summing([-1], [0]), invalid(/out of range/));
  assert.throws(summing([0, 0], [1, 0]), invalid(/not increasing/));
  assert.throws(summing([0], [-1]), invalid(/not increasing/));
  assert.throws(summing([0, 1], [0]), invalid(/same size/));
  assert.throws(summing([0], [2 ** 30]), tooLarge);
  assert.throws(() => runKernel("SparseSegmentSumWithNumSegments", [...inputs, number(2)]), invalid(/out of range/));
  assert.throws(
    () => runKernel("SparseSegmentMean", [int32s([1], [1]), int64s([1], [0]), int32s([1], [0])]),
    modelError("unsupported-op"),
  );
});

test("UnsortedSegmentSum leaves out what has no segment", () => {
  const sum = (ids: Tensor, count: number, data = int64s([3], [1, 2, 4])) =>
    first("UnsortedSegmentSum", [data, ids, number(count)]);
  assert.deepEqual(sum(int32s([3], [1, -1, 1]), 2), int64s([2], [0, 5]));
  assert.deepEqual(sum(int32s([1, 2], [0, 1]), 2, floats([1, 2, 1], [3, 4]) as never), floats([2, 1], [3, 4]));
  assert.throws(() => sum(int32s([3], [0, 0, 2]), 2), invalid(/out of range/));
  assert.throws(() => sum(int32s([2], [0, 0]), 2), invalid(/does not start with/));
  assert.throws(() => sum(int32s([3], [0, 0, 0]), 2 ** 40), tooLarge);
});

test("Unique keeps first occurrences in order, and says where each element went", () => {
  const [values, places] = runKernel("Unique", [int64s([5], [7, 3, 7, 7, 3])]);
  assert.deepEqual([values, places], [int64s([2], [7, 3]), int32s([5], [0, 1, 0, 0, 1])]);
  assert.deepEqual(runKernel("UniqueWithCounts", [texts(["b", "a", "b"])])[2], int32s([2], [2, 1]));
  assert.throws(() => runKernel("Unique", [int64s([1, 1], [7])]), invalid(/1D/));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (numbers) => {
      const [kept, at] = runKernel("Unique", [int64s([numbers.length], numbers)]) as [Tensor, Tensor];
      assert.deepEqual(
        [...at.data].map((place) => Number(kept.data[Number(place)])),
        numbers,
      );
    }),
  );
});

test("UpperBound and LowerBound find where values could be inserted", () => {
  const inputs = [floats([2, 3], [1, 2, 2, 5, 6, 7]), floats([2, 2], [2, 0, 8, 6])];
  assert.deepEqual(first("UpperBound", inputs), int32s([2, 2], [3, 0, 3, 2]));
  assert.deepEqual(first("LowerBound", inputs), int32s([2, 2], [1, 0, 3, 1]));
  assert.throws(() => runKernel("UpperBound", [floats([2]), floats([2])]), invalid(/matrices/));
  assert.throws(() => runKernel("UpperBound", [floats([1, 2]), floats([2, 1])]), invalid(/matrices/));
});

test("Bincount and DenseBincount count numbers, or sum weights", () => {
  const nothing = floats([0], []);
  assert.deepEqual(first("Bincount", [int32s([4], [1, 1, 3, 9]), int32s([], [4]), nothing]), floats([4], [0, 2, 0, 1]));
  assert.deepEqual(
    first("Bincount", [int32s([2], [1, 1]), int32s([], [2]), floats([2], [0.5, 2])]),
    floats([2], [0, 2.5]),
  );
  const matrix = int64s([2, 2], [0, 0, 1, 5]);
  assert.deepEqual(first("DenseBincount", [matrix, number(2), int64s([0], [])]), int64s([2, 2], [2, 0, 0, 1]));
  const onlyWhether = { binary_output: { b: true } };
  assert.deepEqual(first("DenseBincount", [matrix, number(2), nothing], onlyWhether), floats([2, 2], [1, 0, 0, 1]));
  assert.deepEqual(first("DenseBincount", [int32s([2], [0, 1]), number(2), nothing]), floats([2], [1, 1]));
  assert.throws(() => runKernel("Bincount", [int32s([1], [-1]), int32s([], [2]), nothing]), invalid(/non-negative/));
  assert.throws(() => runKernel("Bincount", [int32s([1], [1]), int32s([], [-2]), nothing]), invalid(/non-negative/));
  assert.throws(() => runKernel("Bincount", [int32s([1], [1]), int32s([], [2]), floats([2])]), invalid(/weights/));
  assert.throws(() => runKernel("Bincount", [int32s([1], [1]), number(2 ** 40), nothing]), tooLarge);
  assert.throws(() => runKernel("DenseBincount", [int32s([1, 1, 1], [1]), number(2), nothing]), invalid(/rank 2/));
});

test("BroadcastGradientArgs gives the axes that are repeated", () => {
  const axes = (a: readonly number[], b: readonly number[]) =>
    runKernel("BroadcastGradientArgs", [int32s([a.length], a), int32s([b.length], b)]).map(({ data }) => [...data]);
  assert.deepEqual(axes([2, 3, 5], [1]), [[], [0, 1, 2]]);
  assert.deepEqual(axes([3, 1], [2, 3, 4]), [[0, 2], []]);
  assert.deepEqual(axes([2, 1], [2, 1]), [[], []]);
  assert.deepEqual(axes([2, 1], [1, 1]), [[1], [0, 1]]);
  assert.throws(() => axes([2], [3]), invalid(/Incompatible shapes/));
});

const ragged = (types: readonly string[]): Attributes => ({
  row_partition_types: listAttr({ s: types.map((type) => Buffer.from(type)) }),
});

test("RaggedTensorToTensor fills rows up, or cuts them", () => {
  const values = floats([5], [1, 2, 3, 4, 5]);
  const splits = int64s([4], [0, 3, 3, 5]);
  const convert = (shape: Tensor) =>
    first("RaggedTensorToTensor", [shape, values, floats([], [0]), splits], ragged(["ROW_SPLITS"]));
  assert.deepEqual(convert(number(-1)), floats([3, 3], [1, 2, 3, 0, 0, 0, 4, 5, 0]));
  assert.deepEqual(convert(int64s([2], [2, 2])), floats([2, 2], [1, 2, 0, 0]));
  assert.deepEqual(convert(int64s([2], [-1, 4])).shape, [3, 4]);
  const byIds = [number(-1), values, floats([], [9]), int64s([], [3]), int64s([5], [0, 0, 2, 2, 2])];
  assert.deepEqual(
    first("RaggedTensorToTensor", byIds, ragged(["FIRST_DIM_SIZE", "VALUE_ROWIDS"])),
    floats([3, 3], [1, 2, 9, 9, 9, 9, 3, 4, 5]),
  );
});

test("RaggedTensorToTensor takes several ragged dimensions, and dense ones inside", () => {
  const inputs = [
    number(-1),
    floats([3, 2], [1, 2, 3, 4, 5, 6]),
    floats([2], [8, 9]),
    int64s([3], [0, 1, 2]),
    int64s([3], [0, 2, 3]),
  ];
  assert.deepEqual(
    first("RaggedTensorToTensor", inputs, ragged(["ROW_SPLITS", "ROW_SPLITS"])),
    floats([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 8, 9]),
  );
});

test("partitions of ragged tensors that do not fit are refused", () => {
  const convert = (splits: readonly number[], shape = number(-1), fallback = floats([], [0])) =>
    runKernel(
      "RaggedTensorToTensor",
      [shape, floats([2]), fallback, int64s([splits.length], splits)],
      ragged(["ROW_SPLITS"]),
    );
  assert.throws(() => convert([0, 3]), invalid(/there are 2/));
  assert.throws(() => convert([1, 2]), invalid(/begin with 0/));
  assert.throws(() => convert([0, 2, 1, 2]), invalid(/not decrease/));
  assert.throws(() => convert([0, 2], int64s([3], [1, 1, 1])), invalid(/does not fit/));
  assert.throws(() => convert([0, 2], number(-1), floats([2])), invalid(/default/));
  assert.throws(() => convert([0, 2], int64s([2], [2 ** 20, 2 ** 20])), tooLarge);
  const byIds = (rows: number, ids: readonly number[]) =>
    runKernel(
      "RaggedTensorToTensor",
      [number(-1), floats([2]), floats([], [0]), number(rows), int64s([2], ids)],
      ragged(["FIRST_DIM_SIZE", "VALUE_ROWIDS"]),
    );
  assert.throws(() => byIds(2, [1, 0]), invalid(/rowids/));
  assert.throws(() => byIds(2, [0, 2]), invalid(/rowids/));
  assert.throws(() => byIds(2 ** 40, [0, 1]), tooLarge);
  assert.throws(
    () => runKernel("RaggedTensorToTensor", [number(-1), floats([2]), floats([], [0])], ragged(["OTHER"])),
    modelError("unsupported-op", /OTHER/),
  );
});

test("random numbers are of their distribution, differ each time, and are bounded", () => {
  const draw = (op: string) => first(op, [int32s([1], [20_000])], { dtype: { type: 1 } });
  const numbers = [...draw("RandomUniform").data].map(Number);
  assert.ok(numbers.every((value) => value >= 0 && value < 1));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean(numbers) - 0.5) < 0.02);
  const normal = [...draw("RandomStandardNormal").data].map(Number);
  assert.ok(Math.abs(mean(normal)) < 0.05 && Math.abs(mean(normal.map((value) => value * value)) - 1) < 0.1);
  assert.notDeepEqual(draw("RandomUniform"), draw("RandomUniform"));
  assert.throws(() => first("RandomUniform", [int64s([1], [2 ** 40])], { dtype: { type: 1 } }), tooLarge);
});

test("Multinomial finds one of many classes", () => {
  const logits = floats(
    [1, 50_000],
    Array.from({ length: 50_000 }, (_, index) => (index === 40_321 ? 100 : 0)),
  );
  const [drawn] = runKernel("Multinomial", [logits, int32s([], [100_000])]);
  assert.deepEqual(
    drawn,
    int64s(
      [1, 100_000],
      Array.from({ length: 100_000 }, () => 40_321),
    ),
  );
});

test("Multinomial draws classes by their logits", () => {
  const [drawn] = runKernel("Multinomial", [
    floats([2, 3], [0, Math.log(3), -Infinity, -50, 50, 0]),
    int32s([], [4000]),
  ]);
  assert.deepEqual(drawn?.shape, [2, 4000]);
  const classes = [...(drawn?.data ?? [])].map(Number);
  const share = classes.slice(0, 4000).filter((value) => value === 1).length / 4000;
  assert.ok(Math.abs(share - 0.75) < 0.05);
  assert.ok(classes.slice(0, 4000).every((value) => value < 2) && classes.slice(4000).every((value) => value === 1));
  assert.throws(() => runKernel("Multinomial", [floats([2, 0], []), int32s([], [1])]), invalid(/matrix with classes/));
  assert.throws(() => runKernel("Multinomial", [floats([1, 1]), int32s([], [-1])]), invalid(/at least 0/));
});
