import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";

import { samplingKernels } from "../src/interpreter/images/span-weights.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel, runKernel } from "./fixtures/kernel.ts";
import { expectTensor, textAttr } from "./fixtures/operation-case.ts";
import { bytes, floats, int32s, numbersOf } from "./fixtures/tensors.ts";

type Attributes = Readonly<Record<string, AttrValue>>;

const run = (...call: Parameters<typeof runKernel>): Tensor => runKernel(...call)[0] as Tensor;
const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const tooLarge = servingError("RESOURCE_EXHAUSTED", /too large/);
const line = (values: readonly number[]): Tensor => floats([1, 1, values.length, 1], values);
const size = (height: number, width: number): Tensor => int32s([2], [height, width]);
const area = (image: Tensor, to: Tensor, attributes: Attributes = {}) => run("ResizeArea", [image, to], attributes);

test("ResizeArea gives the mean of what each pixel covers", () => {
  assert.deepEqual(area(line([0, 1, 2, 3]), size(1, 2)), line([0.5, 2.5]));
  expectTensor(area(line([0, 1, 2]), size(1, 2)), line([1 / 3, 5 / 3]));
  assert.deepEqual(area(line([4, 8]), size(1, 4)), line([4, 4, 8, 8]));
  const square = bytes([1, 2, 2, 2], [1, 10, 2, 20, 3, 30, 6, 60]);
  assert.deepEqual(area(square, size(1, 1)), floats([1, 1, 1, 2], [3, 30]));
  const aligned = area(line([0, 1, 2, 3, 4]), size(1, 3), { align_corners: { b: true } });
  expectTensor(aligned, line([0.5, 2.5, 4]));
});

const move = (image: Tensor, to: Tensor, [scale, translation]: readonly [number, number], attributes: Attributes) =>
  run("ScaleAndTranslate", [image, to, floats([2], [1, scale]), floats([2], [0, translation])], attributes);
const triangle = { kernel_type: textAttr("triangle") };

test("ScaleAndTranslate samples by its kernel, which grows where an image becomes smaller", () => {
  const image = line([0, 1, 2, 3]);
  expectTensor(move(image, size(1, 2), [0.5, 0], triangle), line([1.25 / 1.75, 4 / 1.75]));
  const sharp = { ...triangle, antialias: { b: false } };
  expectTensor(move(image, size(1, 2), [0.5, 0], sharp), line([0.5, 2.5]));
  expectTensor(move(line([0, 4]), size(1, 4), [2, 0], triangle), line([0, 1, 3, 4]));
  assert.deepEqual(move(image, size(1, 4), [1, 2], triangle), line([0, 0, 0, 1]));
  expectTensor(move(image, size(1, 2), [0.5, 0], { kernel_type: textAttr("box") }), line([0.5, 2.5]));
});

test("each kernel leaves an image of the same size as it is, or blurs it evenly", () => {
  const image = floats([1, 3, 3, 1], [5, 5, 5, 5, 5, 5, 5, 5, 5]);
  for (const name of samplingKernels.keys()) {
    const inputs = [image, size(3, 3), floats([2], [1, 1]), floats([2], [0, 0])];
    expectTensor(run("ScaleAndTranslate", inputs, { kernel_type: textAttr(name) }), image);
  }
  const sharp = ["lanczos1", "lanczos3", "lanczos5", "triangle", "keyscubic", "box"];
  for (const name of sharp) {
    const result = move(line([1, -2, 4]), size(1, 3), [1, 0], { kernel_type: textAttr(name) });
    assert.ok(
      numbersOf(result).every((value, index) => Math.abs(value - ([1, -2, 4][index] ?? 0)) < 1e-4),
      name,
    );
  }
  const weights = (name: string) => [0, 0.5, 1, 1.5].map((x) => samplingKernels.get(name)?.weigh(x) ?? 0);
  const close = (name: string, expected: readonly number[]) =>
    assert.ok(
      weights(name).every((weight, index) => Math.abs(weight - (expected[index] ?? 0)) < 1e-12),
      name,
    );
  close("keyscubic", [1, 0.5625, 0, -0.0625]);
  close("mitchellcubic", [8 / 9, 8 / 9 - 0.5 + 7 / 48, 1 / 18, 16 / 9 - 5 + 4.5 - 1.3125]);
  close("gaussian", [1, Math.exp(-0.5), Math.exp(-2), 0]);
  close("lanczos3", [1, (3 * Math.sin(Math.PI / 6)) / (0.25 * Math.PI ** 2), 0, (-3 * 1) / (2.25 * Math.PI ** 2)]);
});

test("sizes that are none, and more than may be made, are refused", () => {
  const image = line([1, 2]);
  assert.throws(() => area(image, size(0, 1)), invalid(/positive/));
  assert.throws(() => area(floats([2, 2]), size(1, 1)), invalid(/four axes/));
  assert.throws(() => area(image, size(2 ** 14, 2 ** 14)), tooLarge);
  assert.throws(() => move(image, size(1, 1), [0, 0], triangle), invalid(/greater than zero/));
  assert.throws(
    () => move(image, size(1, 1), [1, 0], { kernel_type: textAttr("sinc") }),
    modelError("unsupported-op", /sinc/),
  );
  assert.throws(() => makeKernel("ResizeArea", ["string", "int32"]), modelError("unsupported-op", /string/));
});
