import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s, int64s } from "./fixtures/tensors.ts";

function run(op: string, ...inputs: readonly Tensor[]): Tensor {
  const kernel = makeKernel(
    op,
    inputs.map(({ dtype }) => dtype),
  );
  return kernel.run(inputs)[0] as Tensor;
}

test("slices come to their places as TensorFlow puts them there", () => {
  const [ones, twice] = [floats([3], [1, 1, 1]), int32s([2, 1], [1, 1])];
  assert.deepEqual(
    run("ScatterNd", int32s([3, 1], [1, 3, 1]), floats([3], [9, 8, 7]), int32s([1], [4])),
    floats([4], [0, 16, 0, 8]),
  );
  assert.deepEqual(
    run("ScatterNd", int64s([1, 2], [0, 1]), int64s([1, 2], [5, 6]), int64s([3], [2, 2, 2])),
    int64s([2, 2, 2], [0, 0, 5, 6, 0, 0, 0, 0]),
  );
  assert.deepEqual(
    run(
      "TensorScatterUpdate",
      floats([2, 3], [9, 9, 9, 9, 9, 9]),
      int32s([2, 1], [1, 0]),
      floats([2, 3], [0, 1, 2, 3, 4, 5]),
    ),
    floats([2, 3], [3, 4, 5, 0, 1, 2]),
  );
  assert.deepEqual(run("TensorScatterAdd", ones, twice, floats([2], [2, 3])), floats([3], [1, 6, 1]));
  assert.deepEqual(
    run("TensorScatterSub", int64s([3], [1, 1, 1]), twice, int64s([2], [2, 3])),
    int64s([3], [1, -4, 1]),
  );
  const [numbers, places, others] = [int32s([3], [1, 5, 3]), int32s([2, 1], [0, 1]), int32s([2], [2, 3])];
  assert.deepEqual(run("TensorScatterMax", numbers, places, others), int32s([3], [2, 5, 3]));
  assert.deepEqual(run("TensorScatterMin", numbers, places, others), int32s([3], [1, 3, 3]));
  assert.deepEqual(
    run("TensorScatterMax", int64s([2], [4, 1]), int32s([1, 1], [1]), int64s([1], [3])),
    int64s([2], [4, 3]),
  );
  assert.deepEqual(
    run("TensorScatterMin", int64s([2], [4, 1]), int32s([1, 1], [0]), int64s([1], [3])),
    int64s([2], [3, 1]),
  );
  const [known, none] = [floats([2], [1, Number.NaN]), floats([2], [Number.NaN, 2])];
  for (const op of ["TensorScatterMax", "TensorScatterMin"]) {
    assert.deepEqual(run(op, known, places, none), known, "what is no number changes nothing, nor is it changed");
  }
  assert.deepEqual(run("TensorScatterAdd", ones, int32s([0, 1], []), floats([0], [])), ones);
  assert.deepEqual(numbers, int32s([3], [1, 5, 3]), "the input stays as it is");
});

test("places outside and slices of another shape are refused, as is what takes too much", () => {
  const refused = (message: RegExp, ...inputs: readonly Tensor[]) =>
    assert.throws(() => run("TensorScatterAdd", ...inputs), servingError("INVALID_ARGUMENT", message));
  const [tensor, one] = [floats([2, 2]), floats([1, 2], [1, 1])];
  refused(/indices\[0\] = \[-1\] does not index into shape \[2,2\]/, tensor, int32s([1, 1], [-1]), one);
  refused(/does not index into/, tensor, int32s([1, 1], [2]), one);
  refused(/Updates must be of shape \[1,2\]/, tensor, int32s([1, 1], [0]), floats([1], [1]));
  refused(/Updates must be of shape/, tensor, int32s([1, 2], [0, 0]), one);
  refused(/do not fit a shape of rank 2/, tensor, int32s([1, 3], [0, 0, 0]), floats([1], [1]));
  refused(/do not fit a shape/, tensor, int32s([], [0]), one);
  refused(/at least one coordinate/, tensor, int32s([1, 0], []), floats([1, 2, 2]));
  refused(/at least one coordinate/, tensor, int32s([0], []), floats([2, 2]));
  refused(/specified for empty output/, floats([2, 0], []), int32s([1, 1], [0]), floats([1, 0], []));
  const huge = int64s([2], [2 ** 20, 2 ** 20]);
  assert.throws(
    () => run("ScatterNd", int32s([0, 1], []), floats([0, 2 ** 20], []), huge),
    servingError("RESOURCE_EXHAUSTED", /too large/),
  );
  assert.throws(
    () => makeKernel("TensorScatterAdd", ["string", "int32", "string"]),
    modelError("unsupported-op", /string/),
  );
  const late = () => {
    throw new Error("late");
  };
  const kernel = makeKernel("TensorScatterAdd", ["float32", "int32", "float32"]);
  assert.throws(() => kernel.run([tensor, int32s([1, 1], [0]), one], { expectTime: late }), /late/);
});
