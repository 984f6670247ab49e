import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, DataType, Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel, typesAttr } from "./fixtures/kernel.ts";
import { floats, int64s, texts } from "./fixtures/tensors.ts";

const words = [int64s([4, 2], [0, 0, 0, 1, 1, 0, 3, 2]), texts(["a", "b", "c", "d"]), int64s([2], [4, 3])] as const;
const numbers = [int64s([4, 2], [0, 0, 1, 0, 1, 1, 2, 0]), int64s([4], [7, -8, 9, 10]), int64s([2], [4, 2])] as const;
const letters: Tensor = { ...texts(["x", "y", "z", "w"]), shape: [4, 1] };
const all = [words[0], numbers[0], words[1], numbers[1], words[2], numbers[2], letters];
const types = { sparse_types: typesAttr(["string", "int64"]), dense_types: typesAttr(["string"]), N: { i: 2n } };
const places = int64s([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]);

function cross(
  op: string,
  inputs: readonly Tensor[],
  attributes: Readonly<Record<string, AttrValue>>,
): readonly Tensor[] {
  const dtypes = inputs.map(({ dtype }): DataType => dtype);
  return makeKernel(op, dtypes, attributes).run(inputs);
}

/** The expected values of these tests are TensorFlow 2.21's. */
test("the features of each row are crossed, and rows without one of them have none", () => {
  assert.deepEqual(cross("SparseCross", all, types), [
    places,
    texts(["a_X_7_X_x", "b_X_7_X_x", "c_X_-8_X_y", "c_X_9_X_y"]),
    int64s([2], [4, 2]),
  ]);
  const two = { sparse_types: typesAttr(["string"]), dense_types: typesAttr(["string"]), N: { i: 1n } };
  const separated = cross("SparseCrossV2", [...words, letters, { ...texts(["-"]), shape: [] }], two);
  assert.deepEqual(separated.slice(1), [texts(["a-x", "b-x", "c-y", "d-w"]), int64s([2], [4, 2])]);
});

test("crossed features come as hashes in buckets, or below the largest whole number", () => {
  const hashed = { ...types, hashed_output: { b: true } };
  const [, values] = cross("SparseCross", all, {
    ...hashed,
    num_buckets: { i: 1000n },
    hash_key: { i: 0xdecafcaffen },
  });
  assert.deepEqual(values, int64s([4], [454, 995, 598, 277]));
  const [at, open] = cross("SparseCross", all, { ...hashed, hash_key: { i: -5n } });
  assert.deepEqual(at, places);
  assert.deepEqual(
    open?.data,
    BigInt64Array.of(7462805812243803391n, 2341058659439953465n, 1654740195640325314n, 7093087079104988533n),
  );
});

test("what is no feature is refused, when the model is loaded or run", () => {
  const refused = (attributes: Readonly<Record<string, AttrValue>>, inputs = all): void => {
    assert.throws(() => cross("SparseCross", inputs, { ...types, ...attributes }), modelError("unsupported-op"));
  };
  refused({ dense_types: typesAttr(["float32"]) });
  refused({ N: { i: 3n } });
  refused({ N: { i: -1n } });
  refused({ num_buckets: { i: -1n } });
  const run = (inputs: readonly Tensor[]) => () => cross("SparseCross", inputs, types);
  const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
  assert.throws(run(all.with(6, { ...letters, shape: [2, 2] })), invalid(/batch size 4/));
  assert.throws(run(all.with(6, { ...letters, shape: [4] })), invalid(/should be a matrix/));
  assert.throws(run(all.with(4, int64s([2], [3, 3]))), invalid(/out of bounds/));
  assert.throws(run(all.with(2, texts(["a"]))), invalid(/a value for each index/));
});

test("more combinations than fit into memory are refused before they are made", () => {
  const many = 20_000;
  const wide: Tensor = {
    dtype: "string",
    shape: [1, many],
    data: Array.from({ length: many }, () => new Uint8Array(1)),
  };
  const attributes = { dense_types: typesAttr(["string", "string", "string"]) };
  assert.throws(
    () => cross("SparseCross", [wide, wide, wide], attributes),
    servingError("RESOURCE_EXHAUSTED", /too large/),
  );
  assert.throws(() => cross("SparseCross", [floats([1])], {}), modelError("unsupported-op"));
});
