import { typeAttr } from "../src/examples/graph-def.ts";
import { constant, integersAttr, type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { booleans, floats, int32s, int64s } from "./fixtures/tensors.ts";

const grid = floats([2, 3], [1, 2, 3, 4, 5, 6]);
const gaps = floats([2, 3], [1, Number.NaN, 2, 4, 5, 4]);
const cube = floats([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
const axes = (...values: number[]) => constant(int32s([values.length], values));
const axis = (value: number) => constant(int32s([], [value]));

const reductions: OperationCase[] = [
  { op: "Mean", inputs: [grid, axes(1)], expected: floats([2], [2, 5]) },
  { op: "Mean", about: "all axes", inputs: [grid, axes(0, 1)], expected: floats([], [3.5]) },
  {
    op: "Mean",
    about: "an axis from the back, kept",
    inputs: [grid, axis(-1)],
    attributes: { keep_dims: { b: true } },
    expected: floats([2, 1], [2, 5]),
  },
  { op: "Sum", about: "one axis as a scalar", inputs: [grid, axis(0)], expected: floats([3], [5, 7, 9]) },
  { op: "Sum", about: "no axes", inputs: [grid, axes()], expected: grid },
  {
    op: "Mean",
    about: "of nothing",
    inputs: [floats([2, 0]), axes(1)],
    expected: floats([2], [Number.NaN, Number.NaN]),
  },
  { op: "Sum", about: "of nothing", inputs: [floats([2, 0]), axes(1)], expected: floats([2], [0, 0]) },
  { op: "Max", inputs: [grid, axes(0)], expected: floats([3], [4, 5, 6]) },
  { op: "Min", inputs: [grid, axes(1)], expected: floats([2], [1, 4]) },
  {
    op: "ArgMin",
    about: "the first of equal ones",
    inputs: [floats([1, 3], [2, 1, 1]), axis(1)],
    expected: int64s([1], [1]),
  },
  { op: "All", inputs: [booleans([2, 2], [1, 1, 1, 0]), axes(1)], expected: booleans([2], [1, 0]) },
  { op: "Any", inputs: [booleans([2, 2], [0, 1, 0, 0]), axes(1)], expected: booleans([2], [1, 0]) },
  { op: "All", about: "of nothing", inputs: [booleans([1, 0], []), axes(1)], expected: booleans([1], [1]) },
  { op: "Any", about: "of nothing", inputs: [booleans([1, 0], []), axes(1)], expected: booleans([1], [0]) },
  { op: "Max", about: "of what is no number", inputs: [gaps, axes(1)], expected: floats([2], [Number.NaN, 5]) },
  { op: "Min", about: "of what is no number", inputs: [gaps, axes(1)], expected: floats([2], [Number.NaN, 4]) },
  {
    op: "Max",
    about: "of nothing, kept",
    inputs: [floats([1, 0]), axes(1)],
    attributes: { keep_dims: { b: true } },
    expected: floats([1, 1], [Number.NEGATIVE_INFINITY]),
  },
  { op: "Sum", about: "up to 2^53", inputs: [int64s([2], [2 ** 53 - 1, 1]), axes(0)], expected: int64s([], [2 ** 53]) },
  ...["Sum", "Mean", "Prod"].map((op) => ({
    op,
    about: "beyond what the engine can count exactly",
    inputs: [int64s([2], [2 ** 53, -2]), axes(0)],
    expected: int64s([], [0]),
    fails: true,
  })),
  { op: "Prod", inputs: [grid, axes(1)], expected: floats([2], [6, 120]) },
  { op: "ArgMax", inputs: [floats([2, 3], [1, 9, 9, 7, 1, 2]), axis(1)], expected: int64s([2], [1, 0]) },
  {
    op: "ArgMax",
    about: "int32 over the first axis",
    inputs: [grid, axis(0)],
    attributes: { output_type: typeAttr("int32") },
    expected: int32s([3], [1, 1, 1]),
  },
];

testOperations([
  ...reductions,
  { op: "Reshape", inputs: [grid, constant(int32s([2], [3, -1]))], expected: floats([3, 2], [1, 2, 3, 4, 5, 6]) },
  {
    op: "Reshape",
    about: "by a computed shape",
    inputs: [grid, int64s([1], [6])],
    expected: floats([6], [1, 2, 3, 4, 5, 6]),
  },
  {
    op: "Reshape",
    about: "0 is a size",
    inputs: [floats([0, 3], []), constant(int32s([2], [0, 5]))],
    expected: floats([0, 5], []),
  },
  { op: "Squeeze", inputs: [floats([1, 2, 1], [1, 2])], expected: floats([2], [1, 2]) },
  {
    op: "Squeeze",
    about: "one axis",
    inputs: [floats([1, 2, 1], [1, 2])],
    attributes: { squeeze_dims: integersAttr([-1]) },
    expected: floats([1, 2], [1, 2]),
  },
  { op: "ExpandDims", inputs: [grid, axis(1)], expected: floats([2, 1, 3], [1, 2, 3, 4, 5, 6]) },
  { op: "ExpandDims", about: "at the end", inputs: [grid, axis(-1)], expected: floats([2, 3, 1], [1, 2, 3, 4, 5, 6]) },
  { op: "Transpose", inputs: [grid, axes(1, 0)], expected: floats([3, 2], [1, 4, 2, 5, 3, 6]) },
  { op: "Pack", inputs: [floats([2], [1, 2]), floats([2], [3, 4])], expected: floats([2, 2], [1, 2, 3, 4]) },
  {
    op: "Pack",
    about: "along the last axis",
    inputs: [floats([2], [1, 2]), floats([2], [3, 4])],
    attributes: { axis: { i: -1n } },
    expected: floats([2, 2], [1, 3, 2, 4]),
  },
  { op: "ConcatV2", inputs: [grid, grid, axis(1)], expected: floats([2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]) },
  {
    op: "ConcatV2",
    about: "from the back",
    inputs: [grid, grid, axis(-2)],
    expected: floats([4, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]),
  },
  { op: "Shape", inputs: [grid], expected: int32s([2], [2, 3]) },
  {
    op: "Shape",
    about: "int64",
    inputs: [cube],
    attributes: { out_type: typeAttr("int64") },
    expected: int64s([3], [2, 2, 2]),
  },
  ...slices(axes),
  ...slices((...values) => int32s([values.length], values), ", bounds computed"),
]);

/** @param bound makes the inputs that say where ranges begin and end */
function slices(bound: (...values: number[]) => OperationCase["inputs"][number], suffix = ""): OperationCase[] {
  const slice = (
    about: string,
    spec: readonly [begin: number[], end: number[], strides: number[]],
    masks: Readonly<Record<string, bigint>>,
    expected: OperationCase["expected"],
    input = cube,
  ): OperationCase => ({
    op: "StridedSlice",
    about: about + suffix,
    inputs: [input, bound(...spec[0]), bound(...spec[1]), axes(...spec[2])],
    attributes: Object.fromEntries(Object.entries(masks).map(([name, value]) => [`${name}_mask`, { i: value }])),
    expected,
  });
  return [
    slice("[0:1]", [[0], [1], [1]], {}, floats([1, 2, 2], [1, 2, 3, 4])),
    slice("[1]", [[1], [2], [1]], { shrink_axis: 1n }, floats([2, 2], [5, 6, 7, 8])),
    slice("[-1]", [[-1], [0], [1]], { shrink_axis: 1n }, floats([2, 2], [5, 6, 7, 8])),
    slice(
      "[:, 1]",
      [
        [0, 1],
        [0, 2],
        [1, 1],
      ],
      { begin: 1n, end: 1n, shrink_axis: 2n },
      floats([2, 2], [3, 4, 7, 8]),
    ),
    slice("[::-1]", [[0], [0], [-1]], { begin: 1n, end: 1n }, floats([2, 2, 2], [5, 6, 7, 8, 1, 2, 3, 4])),
    slice("[1::-1] of a vector", [[1], [0], [-1]], { end: 1n }, floats([2], [2, 1]), floats([3], [1, 2, 3])),
    slice("[-4::-2] of a vector", [[-4], [0], [-2]], { end: 1n }, floats([0]), floats([3], [1, 2, 3])),
    slice("[-3::-2] of a vector", [[-3], [0], [-2]], { end: 1n }, floats([1], [1]), floats([3], [1, 2, 3])),
    slice("[-2:-4:-1] of a vector", [[-2], [-4], [-1]], {}, floats([2], [2, 1]), floats([3], [1, 2, 3])),
    slice("[::2] of a vector", [[0], [0], [2]], { begin: 1n, end: 1n }, floats([2], [1, 3]), floats([3], [1, 2, 3])),
    slice(
      "[..., 0]",
      [
        [0, 0],
        [0, 1],
        [1, 1],
      ],
      { ellipsis: 1n, shrink_axis: 2n },
      floats([2, 2], [1, 3, 5, 7]),
    ),
    slice(
      "[0, ..., 1:]",
      [
        [0, 0, 1],
        [1, 0, 0],
        [1, 1, 1],
      ],
      { ellipsis: 2n, shrink_axis: 1n, end: 4n },
      floats([2, 1], [2, 4]),
    ),
    slice(
      "[:, newaxis]",
      [
        [0, 0],
        [0, 0],
        [1, 1],
      ],
      { begin: 1n, end: 1n, new_axis: 2n },
      floats([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
    ),
    slice(
      "[..., newaxis]",
      [
        [0, 0],
        [0, 0],
        [1, 1],
      ],
      { ellipsis: 1n, new_axis: 2n },
      floats([2, 2, 2, 1], [1, 2, 3, 4, 5, 6, 7, 8]),
    ),
    slice(
      "[newaxis, 1, ..., newaxis, 0]",
      [
        [0, 1, 0, 0, 0],
        [0, 2, 0, 0, 1],
        [1, 1, 1, 1, 1],
      ],
      { new_axis: 9n, ellipsis: 4n, shrink_axis: 18n },
      floats([1, 2, 1], [5, 7]),
    ),
  ];
}
