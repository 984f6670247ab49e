import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { bytes, floats, int32s, int64s } from "./fixtures/tensors.ts";

const run = (op: string, ...inputs: readonly Tensor[]): Tensor =>
  makeKernel(
    op,
    inputs.map(({ dtype }) => dtype),
  ).run(inputs)[0] as Tensor;
const uint32s = (values: readonly number[]): Tensor => ({
  dtype: "uint32",
  shape: [values.length],
  data: Uint32Array.from(values),
});

test("bits are combined, of one type at a time", () => {
  const [a, b] = [int32s([2, 1], [12, -1]), int32s([2], [10, 7])];
  assert.deepEqual(run("BitwiseAnd", a, b), int32s([2, 2], [8, 4, 10, 7]));
  assert.deepEqual(run("BitwiseOr", a, b), int32s([2, 2], [14, 15, -1, -1]));
  assert.deepEqual(run("BitwiseXor", int64s([2], [12, -1]), int64s([], [10])), int64s([2], [6, -11]));
  assert.deepEqual(run("BitwiseAnd", uint32s([2 ** 32 - 1]), uint32s([2 ** 31])), uint32s([2 ** 31]));
  assert.throws(() => run("BitwiseAnd", a, int64s([], [1])), modelError("unsupported-op", /int32 and int64/));
  assert.throws(() => run("BitwiseOr", floats([1]), floats([1])), modelError("unsupported-op", /float32/));
  assert.throws(
    () => run("BitwiseOr", int32s([2], [1, 2]), int32s([3], [1, 2, 3])),
    servingError("INVALID_ARGUMENT", /Incompatible/),
  );
});

test("bits are inverted", () => {
  assert.deepEqual(run("Invert", bytes([2], [0, 0b1010])), bytes([2], [255, 245]));
  assert.deepEqual(run("Invert", int64s([1], [5])), int64s([1], [-6]));
});

test("bits are shifted by at most all places but one, and the sign comes in from the left", () => {
  assert.deepEqual(run("LeftShift", bytes([3], [3, 3, 3]), bytes([3], [1, 7, 200])), bytes([3], [6, 128, 128]));
  assert.deepEqual(
    run("LeftShift", int64s([2], [1, 1]), int64s([2], [63, -4])).data,
    BigInt64Array.of(-(2n ** 63n), 1n),
  );
  assert.deepEqual(run("RightShift", int32s([3], [-8, 8, -8]), int32s([3], [1, 1, 99])), int32s([3], [-4, 4, -1]));
  assert.deepEqual(run("RightShift", uint32s([2 ** 32 - 2, 8]), uint32s([1, 3])), uint32s([2 ** 31 - 1, 1]));
});
