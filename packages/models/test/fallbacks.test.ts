import assert from "node:assert/strict";
import { test } from "node:test";

import { type AttrValue, FillBudget, type Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { findFallback } from "../src/interpreter/fallbacks.ts";
import { NodeOperation } from "../src/saved-model/node-operation.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { testOperations } from "./fixtures/operation-case.ts";
import { booleans, bytes, doubles, floats, int32s, int64s, numbersOf, texts } from "./fixtures/tensors.ts";

type Attributes = Readonly<Record<string, AttrValue>>;

/** Runs the fallback of an operation whose inputs are known only when it runs. */
function run(
  op: string,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
  clock?: { expectTime(): void },
): Tensor {
  const node = { name: "n", op, inputs: [], controls: [], attribute: (name: string) => attributes[name] };
  const operation = new NodeOperation(
    node,
    inputs.map(({ dtype }) => ({ dtype })),
    "s",
    new FillBudget(),
  );
  const make = findFallback(operation);
  assert.ok(make, `${op} has a fallback`);
  const [output] = make(operation).run(inputs, clock);
  return output as Tensor;
}

const keep = { keep_dims: { b: true } };
const inBatches = (dimensions: number) => ({ batch_dims: { i: BigInt(dimensions) } });
const cube = floats([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

// Through whole models: the plan chooses the interpreter for these cases, and the engine for all others.
testOperations([
  {
    op: "ConcatV2",
    about: "along an axis that is given",
    inputs: [floats([2, 1], [1, 2]), floats([2, 2], [3, 4, 5, 6]), int32s([], [-1])],
    expected: floats([2, 3], [1, 3, 4, 2, 5, 6]),
  },
  {
    op: "StridedSlice",
    about: "bounds that are given",
    inputs: [floats([2, 3], [1, 2, 3, 4, 5, 6]), int32s([2], [0, 2]), int32s([2], [1, -4]), int32s([2], [1, -2])],
    expected: floats([1, 2], [3, 1]),
  },
  { op: "Sum", about: "axes that are given", inputs: [cube, int32s([2], [0, -1])], expected: floats([2], [30, 48]) },
  {
    op: "Max",
    about: "one axis that is given",
    inputs: [cube, int32s([], [1])],
    expected: floats([2, 3], [4, 5, 6, 10, 11, 12]),
  },
  {
    op: "Transpose",
    about: "an order that is given",
    inputs: [floats([2, 3], [1, 2, 3, 4, 5, 6]), int32s([2], [1, 0])],
    expected: floats([3, 2], [1, 4, 2, 5, 3, 6]),
  },
  {
    op: "FloorDiv",
    about: "int32",
    inputs: [int32s([4], [7, -7, 7, -7]), int32s([4], [2, 2, -2, -2])],
    expected: int32s([4], [3, -4, -4, 3]),
  },
  {
    op: "FloorMod",
    about: "int64",
    inputs: [int64s([4], [7, -7, 7, -7]), int64s([], [3])],
    expected: int64s([4], [1, 2, 1, 2]),
  },
  {
    op: "FloorMod",
    inputs: [floats([4], [5.5, -5.5, 5.5, -5.5]), floats([4], [2, 2, -2, -2])],
    expected: floats([4], [1.5, 0.5, -0.5, -1.5]),
  },
  { op: "Div", about: "int32", inputs: [int32s([2], [7, -7]), int32s([], [2])], expected: int32s([2], [3, -3]) },
  { op: "Div", inputs: [floats([2], [7, -7]), floats([], [2])], expected: floats([2], [3.5, -3.5]) },
  { op: "TruncateDiv", inputs: [bytes([2], [7, 255]), bytes([], [2])], expected: bytes([2], [3, 127]) },
  { op: "TruncateMod", inputs: [int32s([2], [7, -7]), int32s([], [3])], expected: int32s([2], [1, -1]) },
  {
    op: "GatherV2",
    about: "an axis that is given",
    inputs: [floats([2, 2], [1, 2, 3, 4]), int32s([1], [1]), int32s([], [1])],
    expected: floats([2, 1], [2, 4]),
  },
  {
    op: "GatherV2",
    about: "batch dimensions",
    attributes: inBatches(1),
    inputs: [floats([2, 3], [1, 2, 3, 4, 5, 6]), int32s([2, 2], [2, 0, 1, 1]), int32s([], [1])],
    expected: floats([2, 2], [3, 1, 5, 5]),
  },
]);

test("reductions over axes that are given are sums, products and so on by the definition", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 });
  const cases = shapes.chain((shape) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return fc.record({
      shape: fc.constant(shape),
      values: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: count, maxLength: count }),
      axes: fc.subarray([...shape.keys()]),
      keepDims: fc.boolean(),
    });
  });
  fc.assert(
    fc.property(cases, ({ shape, values, axes, keepDims }) => {
      const axisTensor = int32s([axes.length], axes);
      const groups = groupBy(shape, values, axes);
      const wantedShape = shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
      const attributes = keepDims ? keep : {};
      const expectAll = (op: string, input: Tensor, of: (group: readonly number[]) => number) => {
        const output = run(op, [input, axisTensor], attributes);
        assert.deepEqual(output.shape, wantedShape);
        assert.deepEqual(numbersOf(output), groups.map(of), op);
      };
      expectAll("Sum", floats(shape, values), (group) => group.reduce((a, b) => a + b, 0));
      expectAll("Sum", int64s(shape, values), (group) => group.reduce((a, b) => a + b, 0));
      expectAll("Prod", int32s(shape, values), (group) => group.reduce((a, b) => Math.imul(a, b), 1));
      expectAll("Max", doubles(shape, values), (group) => Math.max(...group));
      expectAll("Min", int32s(shape, values), (group) => Math.min(2 ** 31 - 1, ...group));
      const truths = values.map((value) => (value > 0 ? 1 : 0));
      const truthGroups = groupBy(shape, truths, axes);
      assert.deepEqual(
        numbersOf(run("All", [booleans(shape, truths), axisTensor])),
        truthGroups.map((group) => (group.every(Boolean) ? 1 : 0)),
      );
      assert.deepEqual(
        numbersOf(run("Any", [booleans(shape, truths), axisTensor])),
        truthGroups.map((group) => (group.some(Boolean) ? 1 : 0)),
      );
    }),
  );
});

/** The elements that come together when axes are reduced, by the rest of their coordinates in row-major order. */
function groupBy(shape: readonly number[], values: readonly number[], axes: readonly number[]): number[][] {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const groups = Array.from({ length: kept.reduce((product, size) => product * size, 1) }, (): number[] => []);
  for (const [place, value] of values.entries()) {
    let [rest, group, stride] = [place, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] as number;
      const at = rest % size;
      rest = Math.floor(rest / size);
      group += axes.includes(axis) ? 0 : at * stride;
      stride *= kept[axis] as number;
    }
    groups[group]?.push(value);
  }
  return groups;
}

test("means, and what whole numbers and those that are none become", () => {
  assert.deepEqual(run("Mean", [int32s([4], [-1, -2, -2, -2]), int32s([1], [0])]), int32s([], [-1]));
  assert.deepEqual(run("Mean", [floats([2, 2], [1, 2, 3, 6]), int32s([1], [1])]), floats([2], [1.5, 4.5]));
  assert.ok(Number.isNaN(numbersOf(run("Mean", [floats([0], []), int32s([1], [0])]))[0]));
  assert.ok(Number.isNaN(numbersOf(run("Max", [floats([2], [1, Number.NaN]), int32s([], [0])]))[0]));
  assert.deepEqual(run("Sum", [bytes([2], [200, 100]), int32s([], [0])]), bytes([], [44]));
  assert.deepEqual(run("Max", [int64s([0, 1], []), int32s([], [0])]).data, BigInt64Array.of(-(2n ** 63n)));
});

test("divisions of whole numbers are those of the definition", () => {
  const numbers = fc.integer({ min: -100, max: 100 });
  fc.assert(
    fc.property(
      numbers,
      numbers.filter((b) => b !== 0),
      (a, b) => {
        const quotient = Math.floor(a / b);
        for (const make of [int32s, int64s]) {
          assert.deepEqual(run("FloorDiv", [make([], [a]), make([], [b])]), make([], [quotient]));
          assert.deepEqual(run("FloorMod", [make([], [a]), make([], [b])]), make([], [a - b * quotient]));
          assert.deepEqual(run("Div", [make([], [a]), make([], [b])]), make([], [Math.trunc(a / b)]));
        }
      },
    ),
  );
  assert.deepEqual(
    run("FloorDiv", [int32s([2, 1], [9, 8]), int32s([3], [1, 2, 3])]),
    int32s([2, 3], [9, 4, 3, 8, 4, 2]),
  );
});

test("slices in batches are those of the definition, strings too", () => {
  const strings = { ...texts(["a", "b", "c", "d"]), shape: [2, 2] };
  const gathered = run("GatherV2", [strings, int64s([2, 1], [1, 0]), int32s([], [1])], inBatches(1));
  assert.deepEqual(gathered, { ...texts(["b", "c"]), shape: [2, 1] });
  const outer = run("GatherV2", [cube, int32s([2, 2], [0, 2, 1, 1]), int32s([], [-1])], inBatches(-1));
  assert.deepEqual(outer, floats([2, 2, 2], [1, 3, 4, 6, 8, 8, 11, 11]));
});

test("what does not fit is refused before it is worked on", () => {
  const refused = (
    op: string,
    inputs: readonly Tensor[],
    message: RegExp,
    attributes: Attributes = {},
    code = "INVALID_ARGUMENT",
  ) => assert.throws(() => run(op, inputs, attributes), servingError(code, message));
  refused("Sum", [cube, int32s([1], [3])], /Invalid reduction dimension/);
  refused("Sum", [cube, int32s([1], [-4])], /Invalid reduction dimension/);
  refused("Sum", [cube, int32s([2], [1, -2])], /duplicate/);
  refused("Mean", [int32s([0], []), int32s([], [0])], /no mean/);
  refused("FloorDiv", [int32s([1], [1]), int32s([1], [0])], /division by zero/);
  refused("FloorMod", [int64s([1], [1]), int64s([1], [0])], /division by zero/);
  refused("FloorDiv", [int32s([2], [1, 2]), int32s([3], [1, 2, 3])], /Incompatible shapes/);
  const wide = bytes([2 ** 15, 1], Array(2 ** 15).fill(1));
  refused("FloorDiv", [wide, { ...wide, shape: [1, 2 ** 15] }], /too large/, {}, "RESOURCE_EXHAUSTED");
  refused("Transpose", [cube, int32s([2], [0, 1])], /each of 3 once/);
  refused("Transpose", [cube, int32s([3], [0, 1, 1])], /each of 3 once/);
  refused("GatherV2", [cube, int32s([1], [2]), int32s([], [0])], /not in \[0, 2\)/);
  refused("GatherV2", [cube, int32s([1], [-1]), int32s([], [0])], /not in \[0, 2\)/);
  refused("GatherV2", [cube, int32s([1], [0]), int32s([], [3])], /do not fit/);
  refused("GatherV2", [cube, int32s([3, 1], [0, 0, 0]), int32s([], [1])], /do not fit/, inBatches(1));
  refused("GatherV2", [cube, int32s([2, 1], [0, 0]), int32s([], [0])], /do not fit/, inBatches(1));
  const many = int32s([2 ** 14, 1], Array(2 ** 14).fill(0));
  refused(
    "GatherV2",
    [floats([1, 2 ** 14], Array(2 ** 14).fill(0)), many, int32s([], [0])],
    /too large/,
    {},
    "RESOURCE_EXHAUSTED",
  );
});

test("types without a form are refused when the model is read, and long work asks the clock", () => {
  const half: Tensor = { dtype: "float16", shape: [1], data: new Uint16Array(1) };
  assert.throws(() => run("Sum", [half, int32s([], [0])]), modelError("unsupported-op", /axes are not constant/));
  assert.throws(() => run("Any", [cube, int32s([], [0])]), modelError("unsupported-op"));
  assert.throws(
    () => run("FloorDiv", [int32s([], [1]), floats([], [1])]),
    modelError("unsupported-op", /int32 and float32/),
  );
  let asked = 0;
  run("Sum", [bytes([2 ** 18], Array(2 ** 18).fill(1)), int32s([], [0])], {}, { expectTime: () => asked++ });
  assert.ok(asked >= 4);
});
