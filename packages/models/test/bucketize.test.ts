import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { modelError, servingError } from "./fixtures/errors.ts";
import { listAttr, makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s } from "./fixtures/tensors.ts";

const bucketize = (features: number, ...inputs: readonly Tensor[]): readonly Tensor[] =>
  makeKernel(
    "BoostedTreesBucketize",
    inputs.map(({ dtype }) => dtype),
    { num_features: { i: BigInt(features) } },
  ).run(inputs);
const vector = (values: readonly number[]) => floats([values.length], values);

test("a value is in the first bucket whose boundary it does not exceed, or in the last one", () => {
  const numbers = fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 8 });
  fc.assert(
    fc.property(numbers, numbers, (values, limits) => {
      const boundaries = limits.toSorted((a, b) => a - b);
      const [buckets] = bucketize(1, vector(values), vector(boundaries));
      const expected = values.map((value) => {
        const place = boundaries.findIndex((boundary) => boundary >= value);
        return place < 0 ? Math.max(boundaries.length - 1, 0) : place;
      });
      assert.deepEqual(buckets, int32s([values.length], expected));
    }),
  );
});

test("each feature has boundaries of its own", () => {
  const outputs = bucketize(2, vector([1, 9]), floats([1, 1], [5]), vector([2, 4]), vector([]));
  assert.deepEqual(outputs, [int32s([2], [0, 1]), int32s([1], [0])]);
});

test("other shapes, types and numbers of inputs are refused", () => {
  const invalid = servingError("INVALID_ARGUMENT", /flat vectors/);
  assert.throws(() => bucketize(1, floats([2, 2]), vector([1])), invalid);
  assert.throws(() => bucketize(1, vector([1]), floats([1, 1], [1])), invalid);
  assert.throws(() => bucketize(1, vector([1]), floats([], [1])), invalid);
  const unsupported = modelError("unsupported-op", /features/);
  assert.throws(() => bucketize(2, vector([1]), vector([1])), unsupported);
  assert.throws(() => bucketize(0), unsupported);
  assert.throws(() => bucketize(1, int32s([1], [1]), vector([1])), unsupported);
});

test("Bucketize counts the boundaries that are not above a value", () => {
  const boundaries = listAttr({ f: Float32Array.of(0, 1, 1, 10) });
  const values = floats([2, 3], [-5, 0, 1, 9, Number.NaN, 10]);
  const [buckets] = makeKernel("Bucketize", ["float32"], { boundaries }).run([values]);
  assert.deepEqual(buckets, int32s([2, 3], [0, 1, 3, 3, 4, 4]));
  const [none] = makeKernel("Bucketize", ["float32"]).run([values]);
  assert.deepEqual(none, int32s([2, 3], [0, 0, 0, 0, 0, 0]));
  const falling = listAttr({ f: Float32Array.of(1, 0) });
  assert.throws(
    () => makeKernel("Bucketize", ["float32"], { boundaries: falling }),
    modelError("unsupported-op", /go down/),
  );
});
