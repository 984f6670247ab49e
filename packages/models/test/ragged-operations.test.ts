import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { typeAttr } from "../src/examples/graph-def.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { runKernel } from "./fixtures/kernel.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const tooLarge = servingError("RESOURCE_EXHAUSTED", /too large/);
const vector = (values: readonly number[]): Tensor => int64s([values.length], values);

test("RaggedRange gives a row from each start to before its limit", () => {
  const ints = [int32s([3], [2, 5, 8]), int32s([3], [3, 5, 12]), int32s([], [1])];
  assert.deepEqual(runKernel("RaggedRange", ints), [vector([0, 1, 1, 5]), int32s([5], [2, 8, 9, 10, 11])]);
  const back = [floats([], [1]), floats([2], [0, -0.5]), floats([], [-0.5])];
  assert.deepEqual(runKernel("RaggedRange", back, { Tsplits: typeAttr("int32") }), [
    int32s([3], [0, 2, 5]),
    floats([5], [1, 0.5, 1, 0.5, 0]),
  ]);
  assert.deepEqual(runKernel("RaggedRange", [vector([5]), vector([3]), vector([1])]), [vector([0, 0]), vector([])]);
  const one = (value: number) => int32s([], [value]);
  assert.throws(() => runKernel("RaggedRange", [one(0), one(1), one(0)]), invalid(/delta != 0/));
  assert.throws(() => runKernel("RaggedRange", [int32s([1], [0]), int32s([2], [1, 1]), one(1)]), invalid(/same shape/));
  assert.throws(() => runKernel("RaggedRange", [floats([], [0]), floats([], [1e12]), floats([], [1])]), tooLarge);
  assert.throws(
    () => runKernel("RaggedRange", [floats([], [0]), floats([], [Number.POSITIVE_INFINITY]), floats([], [1])]),
    invalid(/finite/),
  );
});

const outer = vector([0, 2, 2, 3]);
const inner = vector([0, 1, 3, 3]);
const letters = texts(["a", "b", "c"]);

test("RaggedGather picks rows with all that is in them", () => {
  const attributes = { PARAMS_RAGGED_RANK: { i: 1n }, OUTPUT_RAGGED_RANK: { i: 1n } };
  const [splits, values] = runKernel(
    "RaggedGather",
    [outer, floats([3, 1], [1, 2, 3]), int32s([3], [2, 0, 1])],
    attributes,
  );
  assert.deepEqual(splits, vector([0, 1, 3, 3]));
  assert.deepEqual(values, floats([3, 1], [3, 1, 2]));
  const two = { PARAMS_RAGGED_RANK: { i: 2n }, OUTPUT_RAGGED_RANK: { i: 2n } };
  assert.deepEqual(runKernel("RaggedGather", [outer, inner, letters, vector([0, 0])], two), [
    vector([0, 2, 4]),
    vector([0, 1, 3, 4, 6]),
    texts(["a", "b", "c", "a", "b", "c"]),
  ]);
});

test("RaggedGather by a matrix of indices makes rows that are all as long", () => {
  const attributes = { PARAMS_RAGGED_RANK: { i: 1n }, OUTPUT_RAGGED_RANK: { i: 2n } };
  assert.deepEqual(runKernel("RaggedGather", [outer, letters, int64s([1, 2], [2, 0])], attributes), [
    vector([0, 2]),
    vector([0, 1, 3]),
    texts(["c", "a", "b"]),
  ]);
  assert.throws(() => runKernel("RaggedGather", [outer, letters, vector([0])], attributes), invalid(/2 dimensions/));
});

test("RaggedGather refuses rows that are not there, and partitions that do not fit", () => {
  const attributes = { PARAMS_RAGGED_RANK: { i: 1n }, OUTPUT_RAGGED_RANK: { i: 1n } };
  for (const index of [3, -1]) {
    assert.throws(
      () => runKernel("RaggedGather", [outer, letters, vector([index])], attributes),
      invalid(/not in \[0, 3\)/),
    );
  }
  assert.throws(() => runKernel("RaggedGather", [vector([0, 2]), letters, vector([0])], attributes), invalid(/3/));
  const many = int64s([2 ** 22], Array(2 ** 22).fill(0));
  const wide = floats([1, 2 ** 10], Array(2 ** 10).fill(0));
  assert.throws(() => runKernel("RaggedGather", [vector([0, 1]), wide, many], attributes), tooLarge);
  assert.throws(
    () => runKernel("RaggedGather", [outer, letters, vector([0])], { PARAMS_RAGGED_RANK: { i: 3n } }),
    modelError("bad-graph"),
  );
});

test("RaggedTensorToSparse tells where each value is", () => {
  assert.deepEqual(runKernel("RaggedTensorToSparse", [outer, inner, letters]), [
    int64s([3, 3], [0, 0, 0, 0, 1, 0, 0, 1, 1]),
    letters,
    vector([3, 2, 2]),
  ]);
  assert.deepEqual(runKernel("RaggedTensorToSparse", [int32s([3], [0, 1, 2]), floats([2, 2], [1, 2, 3, 4])]), [
    int64s([4, 3], [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1]),
    floats([4], [1, 2, 3, 4]),
    vector([2, 1, 2]),
  ]);
  assert.throws(() => runKernel("RaggedTensorToSparse", [vector([0, 2, 1]), letters]), invalid(/not decrease/));
});

test("RaggedBincount counts the numbers of each row", () => {
  const count = (weights: Tensor, attributes = {}, size = 4) =>
    runKernel(
      "RaggedBincount",
      [vector([0, 3, 3, 5]), int32s([5], [1, 1, 0, 3, 9]), int32s([], [size]), weights],
      attributes,
    )[0];
  assert.deepEqual(count(floats([0], [])), floats([3, 4], [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
  assert.deepEqual(count(floats([5], [1, 2, 3, 4, 5])), floats([3, 4], [3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]));
  const whether = { binary_output: { b: true } };
  assert.deepEqual(count(vector([]), whether), int64s([3, 4], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
  assert.throws(() => count(floats([2], [1, 2])), invalid(/weights/));
  assert.throws(() => count(floats([0], []), {}, -1), invalid(/non-negative/));
  assert.throws(() => count(floats([0], []), {}, 2 ** 30), tooLarge);
});
