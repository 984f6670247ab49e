import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { int64Tensor, integersOf } from "../src/interpreter/integers.ts";
import { servingError } from "./fixtures/errors.ts";
import { floats, int64s, texts } from "./fixtures/tensors.ts";

const LARGEST = Number.MAX_SAFE_INTEGER;
const edges = [0, -1, 1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 32 - 1, LARGEST, -LARGEST];

test("whole numbers of 64 bits come out as they went in, few or many", () => {
  const numbers = fc.array(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...edges)), { maxLength: 40 });
  fc.assert(
    fc.property(numbers, (values) => {
      const plain = values.map((value) => value + 0);
      const tensor = int64Tensor([plain.length], plain);
      assert.deepEqual(tensor.data, BigInt64Array.from(plain, BigInt));
      assert.deepEqual(
        integersOf(tensor, "Numbers").map((value) => value + 0),
        plain,
      );
    }),
  );
});

test("a part of a larger array is read from its own place", () => {
  const data = BigInt64Array.from({ length: 60 }, (_, index) => BigInt(index - 30) * 10_000_000_000n);
  const part = { dtype: "int64", shape: [20], data: data.subarray(7, 27) } as const;
  assert.deepEqual(integersOf(part, "Numbers"), Array.from(part.data, Number));
});

test("what cannot be counted exactly is refused, few or many", () => {
  const beyond = [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)];
  const wrong = servingError("INVALID_ARGUMENT", "Indices must be whole numbers");
  for (const count of [1, 40]) {
    for (const value of beyond) {
      const data = new BigInt64Array(count).with(count - 1, value);
      assert.throws(() => integersOf({ dtype: "int64", shape: [count], data }, "Indices"), wrong);
    }
  }
  assert.throws(() => integersOf(floats([1], [0.5]), "Indices"), wrong);
  assert.throws(() => integersOf(texts(["1"]), "Indices"), wrong);
  assert.throws(() => integersOf(undefined, "Indices"), wrong);
  assert.deepEqual(integersOf(int64s([0], []), "Indices"), []);
});

test("numbers that are not whole become no tensor, few or many", () => {
  for (const count of [1, 40]) {
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(
        () => int64Tensor([count], Array.from({ length: count }, () => 0).with(count - 1, value)),
        RangeError,
      );
    }
  }
});
