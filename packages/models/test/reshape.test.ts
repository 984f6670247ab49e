import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

function reshape(tensor: Tensor, sizes: Tensor): Tensor | undefined {
  return makeKernel("Reshape", [tensor, sizes]).run([tensor, sizes])[0];
}

test("elements keep their order in the new shape, and a size of -1 is worked out", () => {
  const strings = texts(["a", "b", "c", "d", "e", "f"]);
  assert.deepEqual(reshape(strings, int32s([2], [2, -1])), { ...strings, shape: [2, 3] });
  assert.deepEqual(reshape(strings, int64s([3], [3, 1, 2])), { ...strings, shape: [3, 1, 2] });
  const complex: Tensor = { dtype: "complex64", shape: [2], data: Float32Array.of(1, 2, 3, 4) };
  assert.deepEqual(reshape(complex, int32s([2], [1, -1])), { ...complex, shape: [1, 2] });
  assert.deepEqual(reshape(floats([1]), int32s([0], [])), floats([]));
  assert.deepEqual(reshape(texts([]), int32s([2], [0, 4])), { ...texts([]), shape: [0, 4] });
});

test("sizes that do not fit are refused", () => {
  const refused = (sizes: Tensor, tensor: Tensor, message: RegExp) =>
    assert.throws(() => reshape(tensor, sizes), servingError("INVALID_ARGUMENT", message));
  refused(int32s([1], [5]), texts(["a", "b"]), /tensor with 2 values/);
  refused(int32s([2], [3, -1]), texts(["a", "b"]), /tensor with 2 values/);
  refused(int32s([2], [-1, -1]), texts(["a", "b"]), /one of -1/);
  refused(int32s([2], [-2, -1]), texts(["a", "b"]), /one of -1/);
  refused(int32s([2], [0, -1]), texts([]), /cannot infer/);
  refused(
    int64s(
      [40],
      Array.from({ length: 40 }, () => 2 ** 40),
    ),
    texts(["a"]),
    /does not fit/,
  );
  const ones = Array.from({ length: 255 }, () => 1);
  refused(int32s([255], ones), texts(["a"]), /at most 254/);
  refused(int32s([1, 1], [2]), texts(["a", "b"]), /must be 1-D, not/);
});
