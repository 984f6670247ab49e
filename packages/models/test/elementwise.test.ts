import assert from "node:assert/strict";
import { test } from "node:test";
import { node, typeAttr } from "../src/examples/graph-def.ts";
import { loadModel } from "../src/load-model.ts";
import { constant, type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { booleans, bytes, doubles, floats, int32s, int64s, numbersOf } from "./fixtures/tensors.ts";

const row = floats([1, 3], [1, 2, 3]);
const column = floats([2, 1], [10, 20]);
const mixed = floats([5], [-2, -0.5, 0, 0.5, 8]);
const fractions = floats([4], [-0.75, -0.25, 0, 0.5]);
const positive = floats([3], [0.25, 1, 9]);

function eachOf(op: string, input: typeof mixed, apply: (value: number) => number): OperationCase {
  return { op, inputs: [input], expected: floats(input.shape, numbersOf(input).map(apply)) };
}

testOperations([
  { op: "Add", inputs: [row, column], expected: floats([2, 3], [11, 12, 13, 21, 22, 23]) },
  { op: "AddV2", about: "int64", inputs: [int64s([2], [1, 2]), int64s([], [5])], expected: int64s([2], [6, 7]) },
  { op: "Sub", inputs: [row, column], expected: floats([2, 3], [-9, -8, -7, -19, -18, -17]) },
  { op: "Mul", inputs: [row, column], expected: floats([2, 3], [10, 20, 30, 20, 40, 60]) },
  {
    op: "Mul",
    about: "bytes wrap round",
    inputs: [bytes([2], [100, 3]), bytes([], [3])],
    expected: bytes([2], [44, 9]),
  },
  { op: "RealDiv", inputs: [row, column], expected: floats([2, 3], [0.1, 0.2, 0.3, 0.05, 0.1, 0.15]) },
  { op: "RealDiv", about: "float64", inputs: [doubles([1], [1]), doubles([], [3])], expected: doubles([1], [1 / 3]) },
  { op: "Maximum", inputs: [row, floats([], [2])], expected: floats([1, 3], [2, 2, 3]) },
  { op: "Minimum", inputs: [row, floats([], [2])], expected: floats([1, 3], [1, 2, 2]) },
  eachOf("Neg", mixed, (value) => -value),
  eachOf("Abs", mixed, Math.abs),
  eachOf("Exp", mixed, Math.exp),
  eachOf("Log", positive, Math.log),
  eachOf("Sqrt", positive, Math.sqrt),
  eachOf("Rsqrt", positive, (value) => 1 / Math.sqrt(value)),
  eachOf("Sinh", fractions, Math.sinh),
  eachOf("Cosh", fractions, Math.cosh),
  eachOf("Tan", fractions, Math.tan),
  eachOf("Asin", fractions, Math.asin),
  eachOf("Asinh", fractions, Math.asinh),
  eachOf("Acos", fractions, Math.acos),
  eachOf("Acosh", floats([2], [1, 3]), Math.acosh),
  eachOf("Atan", fractions, Math.atan),
  eachOf("Atanh", fractions, Math.atanh),
  eachOf("Square", mixed, (value) => value * value),
  { op: "Pow", inputs: [row, floats([], [2])], expected: floats([1, 3], [1, 4, 9]) },
  {
    op: "Pow",
    about: "int64",
    inputs: [int64s([2], [3, -2]), int64s([], [33])],
    expected: int64s([2], [3 ** 33, -(2 ** 33)]),
  },
  {
    op: "Pow",
    about: "int64, beyond what the engine can count exactly",
    inputs: [int64s([1], [3]), int64s([], [39])],
    expected: int64s([1], [0]),
    fails: true,
  },
  {
    op: "Pow",
    about: "no whole number",
    inputs: [int32s([1], [2]), int32s([], [-1])],
    expected: int32s([1], [0]),
    fails: true,
  },
  { op: "SquaredDifference", inputs: [row, floats([], [3])], expected: floats([1, 3], [4, 1, 0]) },
  { op: "FloorDiv", inputs: [floats([2], [-3, 5]), floats([], [2])], expected: floats([2], [-2, 2]) },
  { op: "AddN", inputs: [row, row, row], expected: floats([1, 3], [3, 6, 9]) },
  { op: "AddN", about: "of scalars", inputs: [floats([], [1]), floats([], [2])], expected: floats([], [3]) },
  { op: "AddN", about: "of nothing", inputs: [floats([0, 2], []), floats([0, 2], [])], expected: floats([0, 2], []) },
  { op: "AddN", about: "of other sizes", inputs: [row, floats([1, 1])], expected: row, fails: true },
  { op: "AddN", about: "of another rank", inputs: [floats([2]), floats([2, 2])], expected: row, fails: true },
  {
    op: "Pow",
    about: "int32 wraps round",
    inputs: [int32s([3], [3, -3, 2]), int32s([3], [21, 21, 31])],
    expected: int32s([3], [(3 ** 21) | 0, -(3 ** 21) | 0, -(2 ** 31)]),
  },
  {
    op: "Sum",
    about: "int32 wraps round",
    inputs: [int32s([2], [2 ** 31 - 1, 1]), constant(int32s([1], [0]))],
    expected: int32s([], [-(2 ** 31)]),
  },
  ...["Sum", "Prod", "Max", "Min", "Mean"].flatMap((op): OperationCase[] => [
    {
      op,
      about: "over the last axis, of no rows",
      inputs: [floats([0, 3, 4], []), constant(int32s([], [-1]))],
      expected: floats([0, 3], []),
    },
    {
      op,
      about: "over the last two axes, of no rows",
      inputs: [floats([0, 3, 4], []), constant(int32s([2], [-1, -2]))],
      expected: floats([0], []),
    },
  ]),
  {
    op: "Sum",
    about: "over the last two axes",
    inputs: [floats([1, 2, 2], [1, 2, 3, 4]), constant(int32s([2], [-2, -1]))],
    expected: floats([1], [10]),
  },
  {
    op: "Sum",
    about: "over the last axis, without numbers",
    inputs: [floats([2, 0], []), constant(int32s([], [-1]))],
    expected: floats([2], []),
    fails: true,
  },
  { op: "AddN", about: "of one", inputs: [row], expected: row },
  eachOf("Log1p", positive, Math.log1p),
  {
    ...eachOf("Log1p", floats([4], [-1, 1e-3, Number.POSITIVE_INFINITY, Number.NaN]), Math.log1p),
    about: "at its ends",
  },
  eachOf("Sin", mixed, Math.sin),
  eachOf("Cos", mixed, Math.cos),
  { op: "Erf", inputs: [floats([2], [0, 0.5])], expected: floats([2], [0, 0.5204999]) },
  { op: "Erfc", inputs: [floats([2], [0, 0.5])], expected: floats([2], [1, 0.4795001]) },
  eachOf("Sign", mixed, Math.sign),
  eachOf("Floor", mixed, Math.floor),
  { op: "Ceil", inputs: [floats([2], [1.2, -1.2])], expected: floats([2], [2, -1]) },
  { op: "Round", about: "halves to even", inputs: [floats([3], [0.5, 1.5, 2.5])], expected: floats([3], [0, 2, 2]) },
  { op: "Rint", inputs: [floats([2], [0.5, -1.7])], expected: floats([2], [0, -2]) },
  eachOf("Reciprocal", positive, (value) => 1 / value),
  eachOf("Selu", mixed, (value) => 1.0507009873554805 * (value < 0 ? 1.6732632423543772 * Math.expm1(value) : value)),
  eachOf("Softplus", mixed, (value) => Math.log1p(Math.exp(value))),
  eachOf("Softsign", mixed, (value) => value / (1 + Math.abs(value))),
  {
    op: "LogSoftmax",
    inputs: [floats([1, 2], [0, Math.log(3)])],
    expected: floats([1, 2], [Math.log(0.25), Math.log(0.75)]),
  },
  eachOf("Relu", mixed, (value) => Math.max(value, 0)),
  eachOf("Relu6", mixed, (value) => Math.min(Math.max(value, 0), 6)),
  { op: "Relu6", about: "float64", inputs: [doubles([2], [7, 3])], expected: doubles([2], [6, 3]) },
  eachOf("Elu", mixed, (value) => (value < 0 ? Math.exp(value) - 1 : value)),
  { ...eachOf("LeakyRelu", mixed, (value) => (value < 0 ? 0.2 * value : value)), about: "its default slope is 0.2" },
  {
    ...eachOf("LeakyRelu", mixed, (value) => (value < 0 ? 0.5 * value : value)),
    about: "a given slope",
    attributes: { alpha: { f: 0.5 } },
  },
  eachOf("Sigmoid", mixed, (value) => 1 / (1 + Math.exp(-value))),
  eachOf("Tanh", mixed, Math.tanh),
  {
    op: "Softmax",
    about: "over the last axis",
    inputs: [floats([2, 2], [0, Math.log(3), 5, 5])],
    expected: floats([2, 2], [0.25, 0.75, 0.5, 0.5]),
  },
  {
    op: "Cast",
    about: "to int32 cuts towards zero",
    attributes: { DstT: typeAttr("int32") },
    inputs: [floats([4], [-1.7, -0.2, 0.9, 2.5])],
    expected: int32s([4], [-1, 0, 0, 2]),
  },
  {
    op: "Cast",
    about: "to bool",
    attributes: { DstT: typeAttr("bool") },
    inputs: [int32s([3], [0, 1, -7])],
    expected: booleans([3], [0, 1, 1]),
  },
  { op: "Identity", inputs: [mixed], expected: mixed },
  { op: "StopGradient", inputs: [mixed], expected: mixed },
  { op: "PlaceholderWithDefault", about: "unfed", inputs: [constant(row)], expected: row },
]);

test("Log1p of small numbers keeps all of their digits", async () => {
  const nodes = [node("x", "Placeholder", [], { dtype: typeAttr("float32") }), node("y", "Log1p", ["x"])];
  const signature = { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } as const;
  const model = await loadModel(savedModelFiles({ nodes, signatures: { serving_default: signature } }));
  const small = [1e-3, 1e-5, 1e-7, 1e-9, 1e-20, -1e-4, -1e-8].map(Math.fround);
  const x = floats([small.length], small);
  const y = (await model.run("serving_default", new Map([["x", x]]), [])).get("y");
  assert.ok(y);
  numbersOf(y).forEach((value, index) => {
    const expected = Math.log1p(small[index] as number);
    assert.ok(Math.abs(value / expected - 1) < 2e-7, `${value} is not ${expected}`);
  });
  await model.close();
});

test("Erfc keeps its digits where the error function is near 1", async () => {
  const nodes = [node("x", "Placeholder", [], { dtype: typeAttr("float32") }), node("y", "Erfc", ["x"])];
  const signature = { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } as const;
  const model = await loadModel(savedModelFiles({ nodes, signatures: { serving_default: signature } }));
  const expected = [
    [0, 1],
    [-2, 1.99532226501895],
    [2, 4.67773498104727e-3],
    [3, 2.20904969985854e-5],
    [5, 1.53745979442803e-12],
  ] as const;
  const x = floats(
    [expected.length],
    expected.map(([value]) => value),
  );
  const y = (await model.run("serving_default", new Map([["x", x]]), [])).get("y");
  assert.ok(y);
  numbersOf(y).forEach((value, index) => {
    const [, wanted] = expected[index] as readonly [number, number];
    assert.ok(Math.abs(value / wanted - 1) < 5e-6, `${value} is not ${wanted}`);
  });
  await model.close();
});
