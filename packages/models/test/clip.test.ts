import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";
import { FillBudget } from "@sealserve/protocol";
import { clip } from "../src/interpreter/dense/clip.ts";
import { findFallback } from "../src/interpreter/fallbacks.ts";
import { NodeOperation } from "../src/saved-model/node-operation.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { booleans, floats, int32s, int64s } from "./fixtures/tensors.ts";

const none = Number.NaN;
const operationOn = (...inputs: readonly (Tensor | undefined)[]) =>
  new NodeOperation(
    { name: "n", op: "ClipByValue", inputs: [], controls: [], attribute: () => undefined },
    inputs.map((constant) => ({ dtype: constant?.dtype ?? "float32", constant })),
    "s",
    new FillBudget(),
  );
const run = (...inputs: readonly Tensor[]): Tensor | undefined => clip(operationOn(...inputs)).run(inputs)[0];

/** The expected values of these tests are TensorFlow 2.21's. */
test("bounds are for all elements or for each, and what is no number is no bound", () => {
  const value = floats([3], [1, none, -5]);
  assert.deepEqual(run(value, floats([3], [0, 0, none]), floats([3], [0.5, 0.5, 0.5])), floats([3], [0.5, none, -5]));
  assert.deepEqual(run(value, floats([], [none]), floats([], [3])), value);
  assert.deepEqual(run(value, floats([], [0]), floats([], [none])), floats([3], [1, none, 0]));
  assert.deepEqual(run(value, floats([], [3]), floats([], [0])), floats([3], [3, none, 3]));
  assert.deepEqual(run(int32s([2], [5, -5]), int32s([2], [0, -1]), int32s([], [3])), int32s([2], [3, -1]));
  assert.deepEqual(run(int64s([2], [5, -5]), int64s([], [-1]), int64s([], [3])), int64s([2], [3, -1]));
});

test("bounds of another shape are refused", () => {
  const shapes = servingError("INVALID_ARGUMENT", /of the same shape as input, or a scalar/);
  for (const bound of [floats([1], [0]), floats([1, 2], [0, 0]), floats([3], [0, 0, 0])]) {
    assert.throws(() => run(floats([2], [1, 2]), bound, floats([], [3])), shapes);
    assert.throws(() => run(floats([2], [1, 2]), floats([], [0]), bound), shapes);
  }
  assert.throws(
    () => run(booleans([1], [1]), booleans([], [0]), booleans([], [1])),
    modelError("unsupported-op", /bool/),
  );
});

test("only constant numbers as bounds are for the engine", () => {
  const scalar = floats([], [1]);
  assert.equal(findFallback(operationOn(undefined, scalar, scalar)), undefined);
  for (const open of [undefined, floats([1], [1]), floats([], [none])]) {
    assert.equal(findFallback(operationOn(undefined, open, scalar)), clip);
    assert.equal(findFallback(operationOn(undefined, scalar, open)), clip);
  }
});
