import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s, texts } from "./fixtures/tensors.ts";

const run = (op: string, inputs: readonly Tensor[], parts = 0n, clock?: { expectTime(): void }): readonly Tensor[] =>
  makeKernel(
    op,
    inputs.map(({ dtype }) => dtype),
    { num_partitions: { i: parts } },
  ).run(inputs, clock);
const invalid = servingError("INVALID_ARGUMENT", /do not fit|different shapes/);

test("slices go to the part that each is given", () => {
  const cases = fc.array(fc.record({ part: fc.integer({ min: 0, max: 2 }), value: fc.integer() }), { maxLength: 12 });
  fc.assert(
    fc.property(cases, (rows) => {
      const data = int32s(
        [rows.length, 2],
        rows.flatMap(({ value }) => [value, -value]),
      );
      const outputs = run(
        "DynamicPartition",
        [
          data,
          int32s(
            [rows.length],
            rows.map(({ part }) => part),
          ),
        ],
        3n,
      );
      for (const [part, output] of outputs.entries()) {
        const expected = rows.filter((row) => row.part === part).flatMap(({ value }) => [value, -value]);
        assert.deepEqual(output, int32s([expected.length / 2, 2], expected));
      }
    }),
  );
});

test("what was parted is stitched together again, strings too", () => {
  const [parts, words] = [int32s([4], [1, 0, 1, 0]), texts(["a", "b", "c", "d"])];
  const parted = run("DynamicPartition", [words, parts], 2n);
  const places = run("DynamicPartition", [int32s([4], [0, 1, 2, 3]), parts], 2n);
  assert.deepEqual(run("DynamicStitch", [...places, ...parted])[0], words);
});

test("of several slices for one place the last counts, and places without one are 0", () => {
  const inputs = [int32s([], [3]), int32s([2], [0, 0]), floats([2], [1, 2]), floats([2, 2], [3, 4, 5, 6])];
  const expected = floats([4, 2], [5, 6, 0, 0, 0, 0, 1, 2]);
  assert.deepEqual(run("DynamicStitch", inputs)[0], expected);
  assert.deepEqual(run("ParallelDynamicStitch", inputs)[0], expected);
});

test("what does not fit, or would be too large, is refused", () => {
  const data = floats([2], [1, 2]);
  assert.throws(() => run("DynamicPartition", [data, int32s([2], [0, 2])], 2n), invalid);
  assert.throws(() => run("DynamicPartition", [data, int32s([2], [0, -1])], 2n), invalid);
  assert.throws(() => run("DynamicPartition", [data, int32s([3], [0, 0, 0])], 2n), invalid);
  assert.throws(() => run("DynamicStitch", [int32s([2], [0, -1]), data]), invalid);
  assert.throws(() => run("DynamicStitch", [int32s([3], [0, 1, 2]), data]), invalid);
  assert.throws(() => run("DynamicStitch", [int32s([], [0]), int32s([1], [1]), data, data]), invalid);
  const tooLarge = servingError("RESOURCE_EXHAUSTED", /too large/);
  assert.throws(() => run("DynamicStitch", [int32s([1], [2 ** 31 - 1]), floats([1], [1])]), tooLarge);
  const make = (op: string, types: readonly Tensor["dtype"][], parts: bigint) =>
    makeKernel(op, types, { num_partitions: { i: parts } });
  assert.throws(() => make("DynamicPartition", ["float32", "int32"], 0n), modelError("unsupported-op", /0 parts/));
  assert.throws(() => make("DynamicPartition", ["float32", "int32"], 5000n), modelError("unsupported-op"));
  assert.throws(() => make("DynamicStitch", ["int32", "float32", "float32"], 0n), modelError("unsupported-op"));
  assert.throws(() => make("DynamicStitch", ["int32", "int32", "float32", "int32"], 0n), modelError("unsupported-op"));
});

test("copying asks the clock", () => {
  const late = () => {
    throw new Error("late");
  };
  const clock = { expectTime: late };
  assert.throws(() => run("DynamicPartition", [floats([1], [1]), int32s([1], [0])], 1n, clock), /late/);
  assert.throws(() => run("DynamicStitch", [int32s([1], [0]), floats([1], [1])], 0n, clock), /late/);
});
