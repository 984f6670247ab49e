import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, DataType, Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { PriorityQueue } from "../src/interpreter/detection/priority-queue.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s, numbersOf } from "./fixtures/tensors.ts";

const none = Number.NaN;
const infinite = Number.POSITIVE_INFINITY;
/** Top, left, bottom and right of each. */
const corners: readonly (readonly number[])[] = [
  [0, 0, 1, 1],
  [0, 0.1, 1, 1.1],
  [0, -0.1, 1, 0.9],
  [0, 10, 1, 11],
];
const scores = [0.9, 0.75, 0.6, 0.95];
const number = (value: number): Tensor => floats([], [value]);

function select(
  op: string,
  [boxes, given, most, ...others]: readonly [readonly (readonly number[])[], readonly number[], number, ...number[]],
  attributes: Readonly<Record<string, AttrValue>> = {},
): readonly Tensor[] {
  const inputs = [
    floats([boxes.length, 4], boxes.flat()),
    floats([given.length], given),
    int32s([], [most]),
    ...others.map(number),
  ];
  const dtypes = inputs.map(({ dtype }): DataType => dtype);
  return makeKernel(op, dtypes, attributes).run(inputs);
}

const selected = (boxes: readonly (readonly number[])[], given: readonly number[], lowest: number): number[] =>
  numbersOf(select("NonMaxSuppressionV3", [boxes, given, 10, 0.5, lowest])[0] as Tensor);

/** The expected values of these tests are TensorFlow 2.21's. */
test("boxes and scores that are no finite numbers are selected as TensorFlow does", () => {
  const instead = (place: number, box: readonly number[]) => corners.with(place, box);
  const unknown = [none, 0, 1, 1];
  assert.deepEqual(selected(instead(0, unknown), scores, -infinite), [3, 1, 0]);
  assert.deepEqual(selected(instead(0, unknown), scores, 0.1), [3, 1]);
  assert.deepEqual(selected(instead(3, unknown), scores, -infinite), [3, 0]);
  assert.deepEqual(selected(instead(3, unknown), scores, 0.1), [3]);
  const endless = [0, 0, infinite, infinite];
  assert.deepEqual(selected(instead(0, endless).with(1, endless), scores, -infinite), [3, 0, 2, 1]);
  assert.deepEqual(selected(instead(0, [infinite, infinite, infinite, infinite]), scores, 0.1), [3, 1]);
  assert.deepEqual(selected(corners, [none, 0.75, 0.6, 0.95], -infinite), [3, 1]);
  assert.deepEqual(selected(corners, [infinite, 0.75, -infinite, 0.95], -infinite), [0, 3]);
  assert.deepEqual(selected(corners, scores, none), []);
});

test("scores of boxes that overlap others fade where a sigma is given", () => {
  const boxes = [...corners, [1, 11.1, 0, 10.1], [0, 100, 1, 101]];
  const given = [...scores, 0.5, 0.3];
  const [indices, kept, count] = select("NonMaxSuppressionV5", [boxes, given, 10, 0.5, 0, 0.5]);
  assert.deepEqual(indices, int32s([6], [3, 0, 1, 5, 4, 2]));
  const expected = [0.95, 0.9, 0.38400355, 0.3, 0.2560026, 0.19697244];
  for (const [place, score] of numbersOf(kept as Tensor).entries()) {
    assert.ok(Math.abs(score - (expected[place] as number)) < 1e-6);
  }
  assert.deepEqual(count, int32s([], [6]));
});

test("the selection is filled up where the node says so", () => {
  const fill = { pad_to_max_output_size: { b: true } };
  assert.deepEqual(select("NonMaxSuppressionV4", [corners, scores, 4, 0.5, 0], fill), [
    int32s([4], [3, 0, 0, 0]),
    int32s([], [2]),
  ]);
  assert.deepEqual(select("NonMaxSuppressionV5", [corners, scores, 3, 0.5, 0, 0], fill), [
    int32s([3], [3, 0, 0]),
    floats([3], [0.95, 0.9, 0]),
    int32s([], [2]),
  ]);
  const overlap = { iou_threshold: { f: 0.99 } };
  assert.deepEqual(select("NonMaxSuppression", [corners, scores, 3], overlap), [int32s([3], [3, 0, 1])]);
});

test("what cannot be selected by is refused", () => {
  const run =
    (...args: Parameters<typeof select>) =>
    () =>
      select(...args);
  const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
  assert.throws(run("NonMaxSuppressionV3", [corners, scores, -1, 0.5, 0]), invalid(/must be non-negative/));
  for (const overlap of [1.5, -0.5, none]) {
    assert.throws(run("NonMaxSuppressionV3", [corners, scores, 9, overlap, 0]), invalid(/must be in \[0, 1\]/));
  }
  assert.throws(run("NonMaxSuppressionV5", [corners, scores, 9, 0.5, 0, -1]), invalid(/soft_nms_sigma/));
  assert.throws(run("NonMaxSuppressionV2", [corners, [1], 9, 0.5]), invalid(/scores has incompatible shape/));
  const kernel = makeKernel("NonMaxSuppressionV2", ["float32", "float32", "int32", "float32"]);
  const narrow = [floats([1, 3]), floats([1]), int32s([], [1]), number(0.5)];
  assert.throws(() => kernel.run(narrow), invalid(/boxes must have 4 columns/));
  assert.throws(() => makeKernel("NonMaxSuppressionV2", ["int32", "float32"]), modelError("unsupported-op", /int32/));
  const filling = { pad_to_max_output_size: { b: true } };
  assert.throws(
    run("NonMaxSuppressionV4", [corners, scores, 2 ** 31 - 1, 0.5, 0], filling),
    servingError("RESOURCE_EXHAUSTED", /too large/),
  );
});

test("a selection looks at the clock, as boxes may be compared with very many others", () => {
  const kernel = makeKernel("NonMaxSuppressionV2", ["float32", "float32", "int32", "float32"]);
  const inputs = [floats([1, 4]), floats([1], [1]), int32s([], [1]), number(0.5)];
  const late = (): void => {
    throw new Error("late");
  };
  assert.throws(() => kernel.run(inputs, { expectTime: late }), /late/);
});

test("a priority queue gives what it holds in order", () => {
  const steps = fc.array(fc.option(fc.integer({ min: 0, max: 20 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (actions) => {
      const queue = new PriorityQueue<number>((a, b) => a < b);
      const held: number[] = [];
      for (const action of actions) {
        if (action === null) {
          held.sort((a, b) => a - b);
          assert.equal(queue.take(), held.shift());
        } else {
          queue.add(action);
          held.push(action);
        }
      }
    }),
  );
});
