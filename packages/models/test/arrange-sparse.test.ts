import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, DataType, Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { booleans, floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

const indices = int64s([3, 2], [1, 2, 0, 1, 1, 0]);
const values = floats([3], [1, 2, -4]);
const shape = int64s([2], [2, 3]);

function run(
  op: string,
  inputs: readonly Tensor[],
  attributes: Readonly<Record<string, AttrValue>> = {},
): readonly Tensor[] {
  return makeKernel(
    op,
    inputs.map(({ dtype }): DataType => dtype),
    attributes,
  ).run(inputs);
}

const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);

/** The expected values of these tests are TensorFlow 2.21's. */
test("values come in the order of their coordinates", () => {
  const sorted = [int64s([3, 2], [0, 1, 1, 0, 1, 2]), floats([3], [2, -4, 1])];
  assert.deepEqual(run("SparseReorder", [indices, values, shape]), sorted);
  const words = run("SparseReorder", [indices, texts(["a", "b", "c"]), shape])[1];
  assert.deepEqual(words, texts(["b", "c", "a"]));
  assert.throws(() => run("SparseReorder", [indices, floats([1], [1]), shape]), invalid(/a value for each of 3/));
  assert.throws(() => run("SparseReorder", [indices, values, int64s([2], [1, 3])]), invalid(/out of bounds/));
});

test("sparse tensors are joined along an axis", () => {
  const twice = [indices, indices, values, values, shape, shape];
  const joined = (axis: bigint, inputs = twice) =>
    run("SparseConcat", inputs, { N: { i: 2n }, concat_dim: { i: axis } });
  assert.deepEqual(joined(1n), [
    int64s([6, 2], [0, 1, 0, 4, 1, 0, 1, 2, 1, 3, 1, 5]),
    floats([6], [2, 2, -4, 1, -4, 1]),
    int64s([2], [2, 6]),
  ]);
  assert.deepEqual(joined(-2n), [
    int64s([6, 2], [0, 1, 1, 0, 1, 2, 2, 1, 3, 0, 3, 2]),
    floats([6], [2, -4, 1, 2, -4, 1]),
    int64s([2], [4, 3]),
  ]);
  assert.throws(() => joined(2n), invalid(/Concat dimension 2/));
  assert.throws(() => joined(1n, twice.with(5, int64s([2], [3, 3]))), invalid(/must match except along dimension 1/));
  assert.throws(() => run("SparseConcat", twice, { N: { i: 3n } }), modelError("unsupported-op", /joins 3 tensors/));
});

test("a part of a sparse tensor is cut at its end", () => {
  const slice = (start: readonly number[], size: readonly number[]) =>
    run("SparseSlice", [indices, values, shape, int64s([start.length], start), int64s([size.length], size)]);
  assert.deepEqual(slice([0, 1], [2, 2]), [int64s([2, 2], [1, 1, 0, 0]), floats([2], [1, 2]), int64s([2], [2, 2])]);
  assert.deepEqual(slice([1, 0], [5, 5]), [int64s([2, 2], [0, 2, 0, 0]), floats([2], [1, -4]), int64s([2], [1, 3])]);
  assert.deepEqual(slice([3, 0], [1, 1]), [int64s([0, 2], []), floats([0], []), int64s([2], [0, 1])]);
  assert.throws(() => slice([0], [1, 1]), invalid(/vectors of length 2/));
  assert.throws(() => slice([-1, 0], [1, 1]), invalid(/sizes from 0 on/));
});

test("values along axes become their sum or the largest of them", () => {
  const reduce = (op: string, axes: Tensor, keeps = false) =>
    run(op, [indices, values, shape, axes], { keep_dims: { b: keeps } })[0];
  const axis = (...given: number[]): Tensor => int32s([given.length], given);
  assert.deepEqual(reduce("SparseReduceSum", axis(0)), floats([3], [-4, 2, 1]));
  assert.deepEqual(reduce("SparseReduceSum", int32s([], [-1])), floats([2], [2, -3]));
  assert.deepEqual(reduce("SparseReduceSum", axis(0, 1), true), floats([1, 1], [-1]));
  assert.deepEqual(reduce("SparseReduceSum", axis()), floats([2, 3], [0, 2, 0, -4, 0, 1]));
  assert.deepEqual(reduce("SparseReduceMax", axis(0)), floats([3], [-4, 2, 1]));
  assert.deepEqual(reduce("SparseReduceMax", axis(1), true), floats([2, 1], [2, 1]));
  const long = run("SparseReduceSum", [indices, int64s([3], [1, 2, -4]), shape, axis(1)])[0];
  assert.deepEqual(long, int64s([2], [2, -3]));
  assert.throws(() => reduce("SparseReduceSum", axis(2)), invalid(/Invalid reduction dimension 2/));
  assert.throws(
    () => run("SparseReduceMax", [indices, booleans([3], [1, 1, 1]), shape, axis(0)]),
    modelError("unsupported-op", /bool/),
  );
});
