import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, DataType, Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s, int64s } from "./fixtures/tensors.ts";

/** Scores of three classes, in five steps, of two sequences: the likeliest are 0 0 2 1 1, and 2 1 2 2 0. */
const best = [0, 2, 0, 1, 2, 2, 1, 2, 1, 0];
const scores = floats(
  [5, 2, 3],
  best.flatMap((likeliest) => [0, 1, 2].map((place) => (place === likeliest ? 2 : -1))),
);

function decode(
  lengths: Tensor,
  attributes: Readonly<Record<string, AttrValue>> = {},
  given = scores,
): readonly Tensor[] {
  const dtypes: DataType[] = [given.dtype, "int32"];
  return makeKernel("CTCGreedyDecoder", dtypes, attributes).run([given, lengths]);
}

test("the likeliest classes are left, without the last one, which is blank", () => {
  assert.deepEqual(decode(int32s([2], [5, 3])), [
    int64s([5, 2], [0, 0, 0, 1, 0, 2, 0, 3, 1, 0]),
    int64s([5], [0, 0, 1, 1, 1]),
    int64s([2], [2, 4]),
    floats([2, 1], [-10, -6]),
  ]);
});

test("what is repeated counts once where the node says so, and not across a blank", () => {
  const merged = decode(int32s([2], [5, 5]), { merge_repeated: { b: true } });
  assert.deepEqual(merged.slice(0, 3), [
    int64s([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]),
    int64s([4], [0, 1, 1, 0]),
    int64s([2], [2, 2]),
  ]);
  const other = decode(int32s([2], [5, 5]), { merge_repeated: { b: true }, blank_index: { i: 1n } });
  assert.deepEqual(other[1], int64s([5], [0, 2, 2, 2, 0]));
});

test("a score that is no number is not above another", () => {
  const unknown = floats([1, 1, 3], [1, Number.NaN, 0]);
  assert.deepEqual(decode(int32s([1], [1]), {}, unknown)[1], int64s([1], [0]));
});

test("lengths that do not fit, nothing to decode, and a blank that is no class are refused", () => {
  const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
  assert.throws(() => decode(int32s([2], [6, 0])), invalid(/from 0 to max_time, which is 5/));
  assert.throws(() => decode(int32s([2], [-1, 0])), invalid(/from 0 to max_time/));
  assert.throws(() => decode(int32s([1], [5])), invalid(/batch_size/));
  assert.throws(() => decode(int32s([0], []), {}, floats([0, 0, 3], [])), invalid(/must not be empty/));
  assert.throws(() => decode(int32s([2], [5, 5]), {}, floats([5, 6])), invalid(/not a 3-Tensor/));
  assert.throws(() => decode(int32s([2], [5, 5]), { blank_index: { i: 3n } }), invalid(/between 0 and 2/));
  assert.throws(() => decode(int32s([2], [5, 5]), { blank_index: { i: -4n } }), invalid(/between 0 and 2/));
  assert.throws(() => makeKernel("CTCGreedyDecoder", ["int32", "int32"]), modelError("unsupported-op", /int32/));
});
