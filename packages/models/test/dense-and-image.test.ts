import type { Tensor } from "@sealserve/protocol";

import { typeAttr } from "../src/examples/graph-def.ts";
import { convolve, convolveDepthwise, permuteAxes, poolWindow, type WindowCase } from "./fixtures/image-reference.ts";
import { constant, integersAttr, type OperationCase, testOperations, textAttr } from "./fixtures/operation-case.ts";
import { floats, int32s, numbersOf } from "./fixtures/tensors.ts";

const a = floats([2, 3], [1, 2, 3, 4, 5, 6]);
const b = floats([3, 2], [1, 0, 0, 1, 1, 1]);
const product = floats([2, 2], [4, 5, 10, 11]);
const image = floats([2, 5, 6, 3]);
const filter = floats([3, 2, 3, 4]);
const depthwiseFilter = floats([2, 2, 3, 2]);
const TO_CHANNELS_FIRST = [0, 3, 1, 2];

const windows: readonly [string, WindowCase][] = [
  ["VALID", { kernel: [3, 2], strides: [1, 1], padding: "VALID" }],
  ["SAME", { kernel: [3, 2], strides: [1, 1], padding: "SAME" }],
  ["SAME with strides", { kernel: [3, 2], strides: [2, 3], padding: "SAME" }],
  ["VALID with dilation", { kernel: [3, 2], strides: [1, 1], dilations: [2, 3], padding: "VALID" }],
  ["SAME with dilation", { kernel: [3, 2], strides: [1, 1], dilations: [2, 3], padding: "SAME" }],
  ["explicit padding", { kernel: [3, 2], strides: [2, 1], padding: [1, 0, 2, 1] }],
];

function attributesOf({ kernel, strides, dilations, padding }: WindowCase, kind: "filter" | "pool", first = false) {
  const four = (pair: readonly number[]): number[] => (first ? [1, 1, ...pair] : [1, ...pair, 1]);
  const explicit = typeof padding === "string" ? undefined : [0, 0, ...padding, 0, 0];
  return {
    strides: integersAttr(four(strides)),
    padding: textAttr(typeof padding === "string" ? padding : "EXPLICIT"),
    ...(dilations === undefined ? {} : { dilations: integersAttr(four(dilations)) }),
    ...(explicit === undefined ? {} : { explicit_paddings: integersAttr(explicit) }),
    ...(kind === "pool" ? { ksize: integersAttr(four(kernel)) } : {}),
    ...(first ? { data_format: textAttr("NCHW") } : {}),
  };
}

const convolutions = windows.map(
  ([about, window]): OperationCase => ({
    op: "Conv2D",
    about,
    inputs: [image, constant(filter)],
    attributes: attributesOf(window, "filter"),
    expected: convolve(image, filter, window),
  }),
);

const depthwise = windows
  .filter(([, { strides }]) => strides[0] === strides[1])
  .map(([about, window]): OperationCase => {
    const square: WindowCase = { ...window, kernel: [2, 2] };
    return {
      op: "DepthwiseConv2dNative",
      about,
      inputs: [image, constant(depthwiseFilter)],
      attributes: attributesOf(square, "filter"),
      expected: convolveDepthwise(image, depthwiseFilter, square),
    };
  });

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const poolWindows: readonly [string, WindowCase][] = [
  ...windows.slice(0, 2),
  ["SAME with strides", { kernel: [3, 2], strides: [2, 2], padding: "SAME" }],
  ["SAME with one cell", { kernel: [1, 1], strides: [2, 2], padding: "SAME" }],
];
const pools = poolWindows.flatMap(([about, window]): OperationCase[] => {
  const attributes = attributesOf(window, "pool");
  const maximum = poolWindow(image, window, (values) => Math.max(...values));
  return [
    { op: "MaxPool", about, inputs: [image], attributes, expected: maximum },
    { op: "AvgPool", about, inputs: [image], attributes, expected: poolWindow(image, window, mean) },
  ];
});

function channelsFirst(): OperationCase[] {
  const window: WindowCase = { kernel: [3, 2], strides: [2, 1], padding: "SAME" };
  const turned = permuteAxes(image, TO_CHANNELS_FIRST);
  return [
    {
      op: "Conv2D",
      about: "channels first",
      inputs: [turned, constant(filter)],
      attributes: attributesOf(window, "filter", true),
      expected: permuteAxes(convolve(image, filter, window), TO_CHANNELS_FIRST),
    },
    {
      op: "MaxPool",
      about: "channels first",
      inputs: [turned],
      attributes: attributesOf(window, "pool", true),
      expected: permuteAxes(
        poolWindow(image, window, (values) => Math.max(...values)),
        TO_CHANNELS_FIRST,
      ),
    },
  ];
}

function int8s(shape: readonly number[], values: readonly number[]): Tensor {
  return { dtype: "int8", shape, data: Int8Array.from(values) };
}

/** Sums of products by labels, each worked out term by term. */
function sumsOfProducts(): OperationCase[] {
  const sizes: Readonly<Record<string, number>> = { a: 2, b: 3, c: 2, d: 4, e: 5, i: 2, j: 3, k: 4, n: 0 };
  const equations = [
    "aij,ajk->aik",
    "ij,jk->ki",
    "aecd,abcd->acbe",
    "acbe,aecd->abcd",
    "abc,cde->abde",
    "abcd,cde->abe",
    "abc,abd->ab cd",
    "ab,ab->ab",
    "ab,ab->",
    "a,b->ba",
    "ij,j->i",
    "nij,njk->nik",
    "necd,nbcd->ncbe",
    "ai,nj->anij",
    "in,nj->ij",
    "nbc,cde->nbde",
  ];
  return equations.map((equation) => {
    const [left = "", right = "", result = ""] = equation.replace(" ", "").split(/,|->/);
    const factor = (labels: string) => floats(Array.from(labels).map((label) => sizes[label] ?? 0));
    const inputs = [factor(left), factor(right)] as const;
    return {
      op: "Einsum",
      about: equation,
      inputs,
      attributes: { equation: textAttr(equation) },
      expected: sumProducts([left, right, result], inputs, sizes),
    };
  });
}

function sumProducts(
  [ofLeft, ofRight, result]: readonly [string, string, string],
  [left, right]: readonly [Tensor, Tensor],
  sizes: Readonly<Record<string, number>>,
): Tensor {
  const all = [...new Set(`${result}${ofLeft}${ofRight}`)];
  const shapeOf = (labels: string): number[] => Array.from(labels).map((label) => sizes[label] ?? 0);
  const sums = Array(shapeOf(result).reduce((count, size) => count * size, 1)).fill(0);
  const place = (labels: string, at: ReadonlyMap<string, number>): number =>
    Array.from(labels).reduce((index, label) => index * (sizes[label] ?? 0) + (at.get(label) ?? 0), 0);
  const [x, y] = [numbersOf(left), numbersOf(right)];
  const visit = (depth: number, at: ReadonlyMap<string, number>): void => {
    const label = all[depth];
    if (label === undefined) {
      sums[place(result, at)] += (x[place(ofLeft, at)] ?? 0) * (y[place(ofRight, at)] ?? 0);
      return;
    }
    for (let value = 0; value < (sizes[label] ?? 0); value++) {
      visit(depth + 1, new Map([...at, [label, value]]));
    }
  };
  visit(0, new Map());
  return floats(shapeOf(result), sums);
}

function batchNormalisation(): OperationCase[] {
  const [scale, offset, centre, variance] = [
    [1, 2, 3],
    [0.5, 0, -1],
    [0.1, 0.2, 0.3],
    [1, 4, 0.25],
  ];
  const expected = (epsilon: number) =>
    numbersOf(image).map((value, index) => {
      const channel = index % 3;
      const spread = Math.sqrt((variance?.[channel] ?? 0) + epsilon);
      return ((value - (centre?.[channel] ?? 0)) / spread) * (scale?.[channel] ?? 0) + (offset?.[channel] ?? 0);
    });
  const inputs = [image, ...[scale, offset, centre, variance].map((values) => constant(floats([3], values)))];
  return [
    {
      op: "FusedBatchNormV3",
      about: "the default epsilon is 0.0001",
      inputs,
      attributes: { is_training: { b: false } },
      expected: floats(image.shape, expected(1e-4)),
    },
    {
      op: "FusedBatchNormV3",
      about: "a given epsilon",
      inputs,
      attributes: { is_training: { b: false }, epsilon: { f: 0.5 } },
      expected: floats(image.shape, expected(0.5)),
    },
  ];
}

/** Inputs that TensorFlow refuses, and ONNX's operation of the same name takes. */
function misfits(): OperationCase[] {
  const [expected, fails] = [floats([0]), true];
  const bias = constant(floats([2], [10, 20]));
  const second = { data_format: textAttr("NCHW") };
  return [
    { op: "MatMul", about: "a stack of matrices", inputs: [floats([1, 2, 3]), b], expected, fails },
    { op: "MatMul", about: "a vector on the left", inputs: [floats([3]), b], expected, fails },
    { op: "MatMul", about: "a vector on the right", inputs: [a, floats([3])], expected, fails },
    {
      op: "MatMul",
      about: "a stack of matrices, transposed",
      inputs: [floats([1, 3, 2]), b],
      attributes: { transpose_a: { b: true } },
      expected,
      fails,
    },
    {
      op: "MatMul",
      about: "a stack of whole numbers",
      inputs: [int32s([1, 1, 1], [1]), int32s([1, 1], [1])],
      expected: int32s([0], []),
      fails,
    },
    { op: "BiasAdd", about: "a last axis of 1", inputs: [floats([3, 1]), bias], expected, fails },
    { op: "BiasAdd", about: "a bias of one element", inputs: [a, constant(floats([1]))], expected, fails },
    {
      op: "BiasAdd",
      about: "one channel first",
      inputs: [floats([1, 1, 2, 2]), bias],
      attributes: second,
      expected,
      fails,
    },
    {
      op: "BiasAdd",
      about: "channels first of three axes, the first of which has the bias's size",
      inputs: [floats([2, 1, 2]), bias],
      attributes: second,
      expected,
      fails,
    },
  ];
}

testOperations([
  { op: "MatMul", inputs: [a, b], expected: product },
  {
    op: "MatMul",
    about: "both transposed",
    inputs: [permuteAxes(a, [1, 0]), constant(permuteAxes(b, [1, 0]))],
    attributes: { transpose_a: { b: true }, transpose_b: { b: true } },
    expected: product,
  },
  {
    op: "BatchMatMulV2",
    inputs: [floats([1, 2, 3], numbersOf(a)), b],
    expected: floats([1, 2, 2], numbersOf(product)),
  },
  {
    op: "BatchMatMulV2",
    about: "both transposed, in a stack",
    inputs: [floats([1, 3, 2], numbersOf(permuteAxes(a, [1, 0]))), permuteAxes(b, [1, 0])],
    attributes: { adj_x: { b: true }, adj_y: { b: true } },
    expected: floats([1, 2, 2], numbersOf(product)),
  },
  {
    op: "Einsum",
    inputs: [floats([1, 2, 3], numbersOf(a)), permuteAxes(b, [1, 0])],
    attributes: { equation: textAttr("aij,kj->aik") },
    expected: floats([1, 2, 2], numbersOf(product)),
  },
  {
    op: "BatchMatMulV3",
    about: "narrow numbers in a wider type",
    inputs: [int8s([1, 2], [100, -100]), constant(int8s([2, 1], [100, 27]))],
    attributes: { Ta: typeAttr("int8"), Tb: typeAttr("int8"), Tout: typeAttr("int32") },
    expected: int32s([1, 1], [7300]),
  },
  ...sumsOfProducts(),
  {
    op: "Einsum",
    about: "with an ellipsis, without elements",
    inputs: [floats([0, 2, 3], [])],
    attributes: { equation: textAttr("...ij->...j") },
    expected: floats([0, 3], []),
    fails: true,
  },
  {
    op: "Einsum",
    about: "with an ellipsis",
    inputs: [floats([1, 2, 3], numbersOf(a))],
    attributes: { equation: textAttr("...ij->...j") },
    expected: floats([1, 3], [5, 7, 9]),
  },
  {
    op: "BiasAdd",
    inputs: [a, constant(floats([3], [10, 20, 30]))],
    expected: floats([2, 3], [11, 22, 33, 14, 25, 36]),
  },
  {
    op: "BiasAdd",
    about: "channels first",
    inputs: [floats([1, 2, 1, 2], [1, 2, 3, 4]), constant(floats([2], [10, 20]))],
    attributes: { data_format: textAttr("NCHW") },
    expected: floats([1, 2, 1, 2], [11, 12, 23, 24]),
  },
  {
    op: "BiasAdd",
    about: "channels first of three axes",
    inputs: [floats([1, 2, 2], [1, 2, 3, 4]), constant(floats([2], [10, 20]))],
    attributes: { data_format: textAttr("NCHW") },
    expected: floats([1, 2, 2], [11, 12, 23, 24]),
  },
  { op: "MatMul", about: "of no rows", inputs: [floats([0, 3]), b], expected: floats([0, 2]) },
  { op: "MatMul", about: "of no columns", inputs: [floats([1, 0]), floats([0, 2])], expected: floats([1, 2], [0, 0]) },
  {
    op: "MatMul",
    about: "of whole numbers",
    inputs: [int32s([1, 2], [3, 4]), int32s([2, 1], [5, 6])],
    expected: int32s([1, 1], [39]),
  },
  ...misfits(),
  ...convolutions,
  ...depthwise,
  ...pools,
  ...channelsFirst(),
  ...batchNormalisation(),
]);
