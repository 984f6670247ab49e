// Parts of images that the interpreter takes out: patches, crops, the best boxes.
import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { slideWindow, type WindowCase } from "./fixtures/image-reference.ts";
import { runKernel } from "./fixtures/kernel.ts";
import { expectTensor, integersAttr, textAttr } from "./fixtures/operation-case.ts";
import { bytes, floats, int32s } from "./fixtures/tensors.ts";

type Attributes = Readonly<Record<string, AttrValue>>;

const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const tooLarge = servingError("RESOURCE_EXHAUSTED", /too large/);

const patches = (image: Tensor, { kernel, strides, dilations = [1, 1], padding }: WindowCase): Tensor =>
  runKernel("ExtractImagePatches", [image], {
    ksizes: integersAttr([1, ...kernel, 1]),
    strides: integersAttr([1, ...strides, 1]),
    rates: integersAttr([1, ...dilations, 1]),
    padding: textAttr(String(padding)),
  })[0] as Tensor;

test("ExtractImagePatches gives the pixels of each window", () => {
  const image = floats([2, 5, 6, 3]);
  const windows: readonly WindowCase[] = [
    { kernel: [2, 2], strides: [2, 2], padding: "VALID" },
    { kernel: [3, 2], strides: [2, 1], padding: "SAME" },
    { kernel: [2, 2], strides: [1, 1], dilations: [2, 3], padding: "SAME" },
    { kernel: [2, 2], strides: [1, 2], dilations: [2, 1], padding: "VALID" },
  ];
  for (const window of windows) {
    const channels = window.kernel[0] * window.kernel[1] * 3;
    const expected = slideWindow(image, window, channels, (cells) =>
      cells.flatMap((cell) => (cell.length === 0 ? [0, 0, 0] : [...cell])),
    );
    expectTensor(patches(image, window), expected);
  }
  const window = { kernel: [2, 2], strides: [1, 1], padding: "VALID" } as const;
  assert.deepEqual(patches(bytes([1, 2, 2, 1], [1, 2, 3, 4]), window), bytes([1, 1, 1, 4], [1, 2, 3, 4]));
  assert.deepEqual(patches(floats([1, 1, 1, 1]), window), floats([1, 0, 0, 4], []));
});

test("ExtractImagePatches counts what it makes, and refuses what is no window over images", () => {
  const all = { kernel: [64, 64], strides: [1, 1], padding: "SAME" } as const;
  assert.throws(() => patches(floats([1, 256, 256, 1]), all), tooLarge);
  assert.throws(() => patches(floats([2, 2]), { ...all, kernel: [1, 1] }), invalid(/four axes/));
  assert.throws(() => patches(floats([1]), { ...all, kernel: [0, 1] }), modelError("unsupported-op", /ksizes/));
});

const crop = (image: Tensor, boxes: readonly number[], size: readonly number[], attributes: Attributes = {}): Tensor =>
  runKernel(
    "CropAndResize",
    [
      image,
      floats([boxes.length / 4, 4], boxes),
      int32s(
        [boxes.length / 4],
        boxes.slice(boxes.length * 0.75).map(() => 0),
      ),
      int32s([2], size),
    ],
    attributes,
  )[0] as Tensor;

const square = floats([1, 3, 3, 1], [0, 1, 2, 3, 4, 5, 6, 7, 8]);

test("CropAndResize scales a part of an image, between its pixels", () => {
  assert.deepEqual(crop(square, [0, 0, 1, 1], [2, 2]), floats([1, 2, 2, 1], [0, 2, 6, 8]));
  assert.deepEqual(crop(square, [0.5, 0, 1, 0.5], [3, 2]), floats([1, 3, 2, 1], [3, 4, 4.5, 5.5, 6, 7]));
  assert.deepEqual(crop(square, [0, 0, 1, 0.5], [1, 1]), floats([1, 1, 1, 1], [3.5]));
  assert.deepEqual(crop(square, [1, 1, 0, 0], [2, 2]), floats([1, 2, 2, 1], [8, 6, 2, 0]));
  const nearest = { method: textAttr("nearest") };
  assert.deepEqual(crop(bytes([1, 1, 2, 1], [7, 9]), [0, 0, 0, 1], [1, 3], nearest), floats([1, 1, 3, 1], [7, 9, 9]));
});

test("CropAndResize fills up what is outside, and refuses boxes of images that are not there", () => {
  const outside = { extrapolation_value: { f: -1 } };
  assert.deepEqual(crop(square, [0, 0, 2, 1], [2, 3], outside), floats([1, 2, 3, 1], [0, 1, 2, -1, -1, -1]));
  const at = (place: number) =>
    runKernel("CropAndResize", [square, floats([1, 4]), int32s([1], [place]), int32s([2], [1, 1])]);
  assert.throws(() => at(1), invalid(/outside \[0, 1\)/));
  assert.throws(() => at(-1), invalid(/outside/));
  assert.throws(() => crop(square, [0, 0, 1, 1], [0, 1]), invalid(/positive/));
  assert.throws(() => crop(square, [0, 0, 1, 1], [2 ** 15, 2 ** 15]), tooLarge);
  assert.throws(
    () => crop(square, [0, 0, 1, 1], [1, 1], { method: textAttr("area") }),
    modelError("unsupported-op", /area/),
  );
});

const number = (value: number): Tensor => floats([], [value]);
const count = (value: number): Tensor => int32s([], [value]);
/** Two that overlap by half of what they cover, one apart, one without area. */
const boxes = floats([1, 4, 1, 4], [0, 0, 1, 1, 0, 0, 0.5, 1, 2, 2, 3, 3, 0, 0, 0, 0]);
const scores = floats([1, 4, 2], [0.9, 0.1, 0.8, 0.2, 0.7, 0.6, 0.3, 0.05]);
const suppress = (overlap: number, more: Attributes = {}, [each, total, lowest] = [2, 3, 0.15]) =>
  runKernel(
    "CombinedNonMaxSuppression",
    [boxes, scores, count(each), count(total), number(overlap), number(lowest)],
    more,
  );

test("CombinedNonMaxSuppression gives the best boxes of all classes", () => {
  const [found, values, kinds, valid] = suppress(0.4);
  assert.deepEqual(values, floats([1, 3], [0.9, 0.7, 0.6]));
  assert.deepEqual(kinds, floats([1, 3], [0, 0, 1]));
  assert.deepEqual(found, floats([1, 3, 4], [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
  assert.deepEqual(valid, int32s([1], [3]));
  const unclipped = suppress(0.6, { clip_boxes: { b: false } });
  assert.deepEqual(unclipped[1], floats([1, 3], [0.9, 0.8, 0.6]));
  assert.deepEqual(unclipped[0], floats([1, 3, 4], [0, 0, 1, 1, 0, 0, 0.5, 1, 2, 2, 3, 3]));
  const few = suppress(0.4, {}, [1, 5, 0.65]);
  assert.deepEqual(few[3], int32s([1], [1]));
  assert.deepEqual(few[1], floats([1, 5], [0.9, 0, 0, 0, 0]));
  assert.deepEqual(suppress(0.4, { pad_per_class: { b: true } }, [1, 5, 0])[1]?.shape, [1, 2]);
});

test("CombinedNonMaxSuppression refuses limits that are none, and shapes that do not go together", () => {
  assert.throws(() => suppress(1.5), invalid(/iou_threshold/));
  assert.throws(() => suppress(0.5, {}, [0, 1, 0]), invalid(/above 0/));
  assert.throws(() => suppress(0.5, {}, [1, 2 ** 28, 0]), tooLarge);
  assert.throws(
    () =>
      runKernel("CombinedNonMaxSuppression", [
        floats([1, 3, 1, 4]),
        scores,
        count(1),
        count(1),
        number(0.5),
        number(0),
      ]),
    invalid(/do not go with/),
  );
});
