import assert from "node:assert/strict";
import { test } from "node:test";

import type { DataType, Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

function reduce(op: string, ...inputs: readonly Tensor[]): Tensor | undefined {
  return makeKernel(
    op,
    inputs.map(({ dtype }): DataType => dtype),
  ).run(inputs)[0];
}

const rows = floats([3, 2], [1, 5, 3, -2, 4, 4]);
const sorted = int32s([3], [0, 0, 2]);
const mixed = int32s([3], [2, -1, 2]);
const four = int32s([], [4]);

/** The expected values of these tests are TensorFlow 2.21's. */
test("rows of a segment become one, and segments without rows are there too", () => {
  assert.deepEqual(reduce("SegmentSum", rows, sorted), floats([3, 2], [4, 3, 0, 0, 4, 4]));
  assert.deepEqual(reduce("SegmentMean", rows, sorted), floats([3, 2], [2, 1.5, 0, 0, 4, 4]));
  assert.deepEqual(reduce("SegmentProd", rows, sorted), floats([3, 2], [3, -10, 1, 1, 4, 4]));
  assert.deepEqual(reduce("SegmentMax", rows, sorted), floats([3, 2], [3, 5, 0, 0, 4, 4]));
  assert.deepEqual(reduce("SegmentMin", rows, sorted), floats([3, 2], [1, -2, 0, 0, 4, 4]));
  assert.deepEqual(reduce("SegmentSum", floats([0, 2], []), int32s([0], [])), floats([0, 2], []));
});

test("where segments are in no order, those without rows have the number that any row would replace", () => {
  const [least, most] = [-3.4028234663852886e38, 3.4028234663852886e38];
  assert.deepEqual(
    reduce("UnsortedSegmentMax", rows, mixed, four),
    floats([4, 2], [least, least, least, least, 4, 5, least, least]),
  );
  assert.deepEqual(
    reduce("UnsortedSegmentMin", rows, mixed, four),
    floats([4, 2], [most, most, most, most, 1, 4, most, most]),
  );
  assert.deepEqual(reduce("UnsortedSegmentProd", rows, mixed, four), floats([4, 2], [1, 1, 1, 1, 4, 20, 1, 1]));
  const [lowest, highest] = [-(2n ** 63n), 2n ** 63n - 1n];
  const long = int64s([3], [1, 5, 3]);
  assert.deepEqual(reduce("UnsortedSegmentMax", long, mixed, four)?.data, BigInt64Array.of(lowest, lowest, 3n, lowest));
  assert.deepEqual(
    reduce("UnsortedSegmentMin", long, mixed, four)?.data,
    BigInt64Array.of(highest, highest, 1n, highest),
  );
  assert.deepEqual(
    reduce("UnsortedSegmentProd", floats([2, 2], [1, 2, 3, 4]), int32s([2, 2], [0, 1, 0, 1]), int32s([], [2])),
    floats([2], [3, 8]),
  );
});

test("segments that go down, are outside or as many as there are not rows are refused", () => {
  const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
  assert.throws(() => reduce("SegmentSum", rows, int32s([3], [1, 0, 2])), invalid(/not increasing/));
  assert.throws(() => reduce("SegmentSum", rows, int32s([3], [-1, 0, 2])), invalid(/not increasing/));
  assert.throws(() => reduce("SegmentSum", rows, int32s([2], [0, 1])), invalid(/same size/));
  assert.throws(() => reduce("UnsortedSegmentMax", rows, int32s([3], [0, 4, 0]), four), invalid(/out of range/));
  assert.throws(() => reduce("UnsortedSegmentMax", rows, int32s([2], [0, 1]), four), invalid(/does not start with/));
  assert.throws(() => reduce("UnsortedSegmentMax", rows, mixed, int32s([], [-1])), invalid(/out of range/));
  assert.throws(
    () => reduce("SegmentSum", floats([1, 1], [1]), int32s([1], [2 ** 30])),
    servingError("RESOURCE_EXHAUSTED", /too large/),
  );
  assert.throws(() => reduce("SegmentSum", texts(["a"]), int32s([1], [0])), modelError("unsupported-op", /string/));
  assert.throws(() => reduce("SegmentMean", int32s([1], [1]), int32s([1], [0])), modelError("unsupported-op", /int32/));
});
