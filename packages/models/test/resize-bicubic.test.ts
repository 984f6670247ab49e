import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { bytes, floats, int32s, int64s } from "./fixtures/tensors.ts";

const HALF_PIXEL = { half_pixel_centers: { b: true } };
const ALIGNED = { align_corners: { b: true } };

function resize(images: Tensor, size: readonly number[], attributes: Readonly<Record<string, AttrValue>> = {}): Tensor {
  return makeKernel("ResizeBicubic", [images.dtype, "int32"], attributes).run([
    images,
    int32s([size.length], size),
  ])[0] as Tensor;
}

const row = floats([1, 1, 5, 1], [1, 5, 2, 8, 3]);

/** What TensorFlow 2.21 gives. */
const rows: readonly [string, Readonly<Record<string, AttrValue>>, readonly number[]][] = [
  ["smaller", {}, [1, 2.4986172, 7.094356]],
  ["larger", {}, [1, 3.8881836, 4.53125, 1.9238281, 5.1875, 7.908203, 4.34375, 2.4506836]],
  ["smaller, by centres of pixels", HALF_PIXEL, [2.2053308, 2, 4.584136]],
  [
    "larger, by centres of pixels",
    HALF_PIXEL,
    [0.7121771, 2.7302203, 4.9882812, 2.5078125, 3.5795898, 7.9106445, 5.276059, 2.6402214],
  ],
  ["smaller, corner on corner", ALIGNED, [1, 3]],
  [
    "larger, corner on corner",
    ALIGNED,
    [1, 2.7700155, 4.5833664, 4.711361, 2.8058872, 2, 4.367176, 7.350951, 7.695314, 5.37473, 3],
  ],
  ["of one pixel, corner on corner", ALIGNED, [1]],
];
for (const [what, attributes, expected] of rows) {
  test(`a row becomes ${what}`, () => {
    expectTensor(resize(row, [1, expected.length], attributes), floats([1, 1, expected.length, 1], expected));
  });
}

test("columns, channels and images stay apart", () => {
  const images = bytes([2, 3, 1, 2], [0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121]);
  const pixels = [
    [0, 1],
    [1.828125, 5.5],
    [10.375, 17.75],
    [17.265625, 26.6875],
    [36, 49],
    [53.859375, 69.53125],
    [84.625, 104],
    [103.796875, 125.21875],
  ];
  const twice = pixels.flatMap((pixel) => [...pixel, ...pixel]);
  expectTensor(resize(images, [4, 2]), floats([2, 4, 2, 2], twice));
  const wide = { ...images, shape: [2, 1, 3, 2] };
  expectTensor(resize(wide, [1, 4]), floats([2, 1, 4, 2], pixels.flat()));
});

test("whole numbers of 64 bits are scaled, and no images are none", () => {
  expectTensor(resize(int64s([1, 1, 2, 1], [3, 3]), [2, 3], HALF_PIXEL), floats([1, 2, 3, 1], [3, 3, 3, 3, 3, 3]));
  expectTensor(resize(floats([0, 2, 2, 3]), [5, 4]), floats([0, 5, 4, 3]));
});

test("images without pixels, other axes and other sizes are refused", () => {
  const refused = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
  assert.throws(() => resize(floats([1, 0, 2, 1]), [1, 1]), refused(/have four axes and pixels/));
  assert.throws(() => resize(floats([1, 2, 0, 1]), [1, 1]), refused(/have four axes and pixels/));
  assert.throws(() => resize(floats([2, 2, 1]), [1, 1]), refused(/four axes/));
  for (const size of [[0, 1], [1, -1], [1], [1, 1, 1], []]) {
    assert.throws(() => resize(row, size), refused(/size must be two positive numbers/));
  }
});

test("a size that a request brings does not take all memory, nor all time", () => {
  for (const size of [2 ** 14, 2 ** 31 - 1]) {
    assert.throws(() => resize(row, [size, size]), servingError("RESOURCE_EXHAUSTED", /too large/));
  }
  const none = { ...row, shape: [0, 1, 5, 1], data: new Float32Array() };
  assert.throws(() => resize(none, [2 ** 30, 1]), servingError("RESOURCE_EXHAUSTED", /too large/));
  const kernel = makeKernel("ResizeBicubic", ["float32", "int32"]);
  let left = 2;
  const clock = {
    expectTime: () => {
      left -= 1;
      assert.ok(left >= 0, "late");
    },
  };
  assert.throws(() => kernel.run([row, int32s([2], [4, 4])], clock), /late/);
});

test("other types and both kinds of places are refused when the model is read", () => {
  assert.throws(() => makeKernel("ResizeBicubic", ["complex64", "int32"]), modelError("unsupported-op", /complex64/));
  assert.throws(
    () => makeKernel("ResizeBicubic", ["float32", "int32"], { ...HALF_PIXEL, ...ALIGNED }),
    modelError("unsupported-op", /aligns corners and has half pixel centers/),
  );
});
