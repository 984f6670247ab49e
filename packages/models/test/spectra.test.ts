import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { complexes, transform } from "../src/interpreter/spectra/fourier.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { doubles, floats, int32s, numbersOf } from "./fixtures/tensors.ts";

const run = (op: string, ...inputs: readonly Tensor[]): Tensor =>
  makeKernel(
    op,
    inputs.map(({ dtype }) => dtype),
  ).run(inputs)[0] as Tensor;
const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const complex = (shape: readonly number[], parts: readonly number[]): Tensor => ({
  dtype: "complex64",
  shape,
  data: Float32Array.from(parts),
});
const length = (value: number): Tensor => int32s([1], [value]);

test("the transform is the sum that defines it, of any length, and back", () => {
  for (const size of [1, 2, 3, 5, 8, 12, 13, 16, 31, 100]) {
    const given = Array.from({ length: size }, (_, index) => [Math.sin(index * 1.7), Math.cos(index * index)] as const);
    const numbers = complexes(size);
    for (const [index, [real, imaginary]] of given.entries()) {
      numbers.real[index] = real;
      numbers.imaginary[index] = imaginary;
    }
    transform(numbers, -1);
    for (let place = 0; place < size; place++) {
      const sum = given.reduce(
        ([x, y], [real, imaginary], index) => {
          const angle = (-2 * Math.PI * index * place) / size;
          const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
          return [x + real * cosine - imaginary * sine, y + real * sine + imaginary * cosine] as const;
        },
        [0, 0] as readonly [number, number],
      );
      assert.ok(Math.abs((numbers.real[place] ?? 0) - sum[0]) < 1e-10 * size, `${size} numbers, place ${place}`);
      assert.ok(Math.abs((numbers.imaginary[place] ?? 0) - sum[1]) < 1e-10 * size, `${size} numbers, place ${place}`);
    }
    transform(numbers, 1);
    assert.ok(given.every(([real], index) => Math.abs((numbers.real[index] ?? 0) / size - real) < 1e-12 * size));
  }
});

test("RFFT gives the first half of each row's transform, cut or filled up first", () => {
  const input = floats([2, 4], [1, 2, 3, 4, 1, 0, 0, 0]);
  expectTensor(
    complexAsFloats(run("RFFT", input, length(4))),
    floats([2, 3, 2], [10, 0, -2, 2, -2, 0, 1, 0, 1, 0, 1, 0]),
  );
  assert.deepEqual(run("RFFT", input, length(2)), complex([2, 2], [3, 0, -1, 0, 1, 0, 1, 0]));
  assert.deepEqual(run("RFFT", floats([1], [5]), length(3)).shape, [2]);
  assert.deepEqual(run("RFFT", floats([0, 4], []), length(4)), complex([0, 3], []));
  assert.deepEqual(run("RFFT", floats([1, 0], []), length(2)), complex([1, 2], [0, 0, 0, 0]));
});

test("IRFFT gives back what RFFT was given", () => {
  for (const size of [1, 2, 5, 6, 8]) {
    const input = floats([2, size]);
    expectTensor(run("IRFFT", run("RFFT", input, length(size)), length(size)), input);
  }
  assert.deepEqual(run("IRFFT", complex([1], [6, 9]), length(3)), floats([3], [2, 2, 2]));
});

test("complex numbers are made of parts, and taken apart", () => {
  const numbers = complex([2], [3, 4, -1, 0]);
  assert.deepEqual(run("Complex", floats([2], [3, -1]), floats([2], [4, 0])), numbers);
  assert.deepEqual(run("Real", numbers), floats([2], [3, -1]));
  assert.deepEqual(run("Imag", numbers), floats([2], [4, 0]));
  assert.deepEqual(run("ComplexAbs", numbers), floats([2], [5, 1]));
  expectTensor(run("Angle", numbers), floats([2], [Math.atan2(4, 3), Math.PI]));
  assert.throws(() => run("Complex", floats([1]), floats([2])), invalid(/one shape/));
});

test("transforms of other types and lengths are refused", () => {
  assert.throws(() => run("RFFT", doubles([1], [1]), length(1)), modelError("unsupported-op", /float64/));
  assert.throws(() => run("ComplexAbs", floats([1])), modelError("unsupported-op", /float32/));
  assert.throws(() => run("RFFT", floats([], [1]), length(1)), invalid(/rank/));
  for (const size of [0, -1, 2 ** 30]) {
    assert.throws(() => run("RFFT", floats([1]), length(size)), invalid(/fft_length/));
  }
  const many = { dtype: "float32", shape: [2 ** 12, 1], data: new Float32Array(2 ** 12) } as const;
  assert.throws(() => run("RFFT", many, length(2 ** 20)), servingError("RESOURCE_EXHAUSTED", /too large/));
});

function complexAsFloats(tensor: Tensor): Tensor {
  return floats([...tensor.shape, 2], numbersOf({ ...tensor, dtype: "float32" }));
}
