import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int64s, numbersOf } from "./fixtures/tensors.ts";

interface Transposed {
  readonly a?: boolean;
  readonly b?: boolean;
}

const multiply = (
  inputs: readonly Tensor[],
  { a = false, b = false }: Transposed = {},
  clock?: { expectTime(): void },
) =>
  makeKernel(
    "SparseTensorDenseMatMul",
    inputs.map(({ dtype }) => dtype),
    { adjoint_a: { b: a }, adjoint_b: { b } },
  ).run(inputs, clock)[0] as Tensor;

const sparse = (rows: readonly (readonly [number, number])[], values: readonly number[], shape: readonly number[]) => [
  int64s([rows.length, 2], rows.flat()),
  floats([values.length], values),
  int64s([shape.length], shape),
];

test("products are those of the dense matrices, either of which may be transposed", () => {
  const size = fc.integer({ min: 1, max: 4 });
  const value = fc.integer({ min: -5, max: 5 });
  const cases = fc.tuple(size, size, size, fc.boolean(), fc.boolean()).chain(([n, k, m, a, b]) =>
    fc.record({
      n: fc.constant(n),
      k: fc.constant(k),
      m: fc.constant(m),
      transposed: fc.constant({ a, b }),
      left: fc.array(value, { minLength: n * k, maxLength: n * k }),
      right: fc.array(value, { minLength: k * m, maxLength: k * m }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ n, k, m, transposed, left, right }) => {
      const placed = left.map((number, place) => ({ row: Math.floor(place / k), column: place % k, number }));
      const kept = placed.filter(({ number }) => number !== 0);
      const rows = kept.map(({ row, column }) => (transposed.a ? ([column, row] as const) : ([row, column] as const)));
      const a = sparse(
        rows,
        kept.map(({ number }) => number),
        transposed.a ? [k, n] : [n, k],
      );
      const turned = Array.from(
        { length: k * m },
        (_, place) => right[(place % k) * m + Math.floor(place / k)] as number,
      );
      const b = transposed.b ? floats([m, k], turned) : floats([k, m], right);
      const expected = Array.from({ length: n * m }, (_, place) => {
        const [row, column] = [Math.floor(place / m), place % m];
        return placed
          .filter((entry) => entry.row === row)
          .reduce((total, entry) => total + entry.number * (right[entry.column * m + column] as number), 0);
      });
      const product = multiply([...a, b], transposed);
      assert.deepEqual(product.shape, [n, m]);
      assert.deepEqual(numbersOf(product), expected);
    }),
  );
});

test("what does not fit, is outside or would be too large is refused", () => {
  const refused = (inputs: readonly Tensor[], message: RegExp, code = "INVALID_ARGUMENT") =>
    assert.throws(() => multiply(inputs), servingError(code, message));
  refused([...sparse([[2, 0]], [1], [2, 2]), floats([2, 1])], /out of bounds/);
  refused([...sparse([[0, 0]], [1], [2, 3]), floats([2, 1])], /Cannot multiply/);
  refused([...sparse([[0, 0]], [1, 2], [2, 2]), floats([2, 1])], /Cannot multiply/);
  refused([...sparse([[0, 0]], [1], [2, 2]), floats([2])], /not a matrix/);
  refused([...sparse([], [], [2 ** 40, 1]), floats([1, 1])], /too large/, "RESOURCE_EXHAUSTED");
  refused([...sparse([], [], [2 ** 52, 0]), floats([0, 2 ** 30])], /too large/, "RESOURCE_EXHAUSTED");
  assert.throws(
    () => makeKernel("SparseTensorDenseMatMul", ["int64", "int32", "int64", "int32"]),
    modelError("unsupported-op", /int32/),
  );
});

test("long products ask the clock", () => {
  const late = () => {
    throw new Error("late");
  };
  const inputs = [...sparse([[0, 0]], [1], [1, 1]), floats([1, 1])];
  assert.throws(() => multiply(inputs, {}, { expectTime: late }), /late/);
});
