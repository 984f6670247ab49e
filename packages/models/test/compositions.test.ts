import { constant, type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { doubles, floats, int32s, int64s } from "./fixtures/tensors.ts";

const [nan, infinity] = [Number.NaN, Number.POSITIVE_INFINITY];
const zeros = floats([4], [0, 0, 0, 2]);
const others = floats([4], [nan, infinity, 3, 4]);
const numbers = [-100, -2, -0.5, -1e-6, 0, 1e-9, 0.25, 3, infinity, -infinity, nan];
const line = floats([5], [1, 2, 3, 4, 5]);
const grid = floats([2, 3], [1, 2, 3, 4, 5, 6]);

/** Channels by the squares of those at most one away. */
function localResponse(): OperationCase {
  const channels = [1, 2, 3, 4];
  const expected = channels.map((channel, at) => {
    const squares = channels
      .filter((_, other) => Math.abs(other - at) <= 1)
      .reduce((sum, value) => sum + value ** 2, 0);
    return channel / (2 + 0.5 * squares) ** 0.75;
  });
  return {
    op: "LRN",
    attributes: { depth_radius: { i: 1n }, bias: { f: 2 }, alpha: { f: 0.5 }, beta: { f: 0.75 } },
    inputs: [floats([1, 1, 1, 4], channels)],
    expected: floats([1, 1, 1, 4], expected),
  };
}

testOperations([
  { op: "Expm1", inputs: [floats([11], numbers)], expected: floats([11], numbers.map(Math.expm1)) },
  {
    op: "Expm1",
    about: "the digits of small numbers are there",
    inputs: [doubles([2], [1e-12, -1e-15])],
    expected: doubles([2], [Math.expm1(1e-12), Math.expm1(-1e-15)]),
  },
  { op: "MulNoNan", inputs: [others, zeros], expected: floats([4], [0, 0, 0, 8]) },
  { op: "MulNoNan", about: "only the second counts", inputs: [zeros, others], expected: floats([4], [nan, nan, 0, 8]) },
  { op: "Xlogy", inputs: [zeros, others], expected: floats([4], [0, 0, 0, 2 * Math.log(4)]) },
  { op: "Xlog1py", inputs: [zeros, others], expected: floats([4], [0, 0, 0, 2 * Math.log(5)]) },
  { op: "Xdivy", inputs: [zeros, floats([4], [nan, 0, 3, 4])], expected: floats([4], [0, 0, 0, 0.5]) },
  { op: "Xlogy", about: "repeated", inputs: [floats([], [0]), others], expected: floats([4], [0, 0, 0, 0]) },
  { op: "L2Loss", inputs: [grid], expected: floats([], [45.5]) },
  { op: "L2Loss", about: "of nothing", inputs: [floats([0, 2], [])], expected: floats([], [0]) },
  {
    op: "EuclideanNorm",
    inputs: [floats([2, 2], [3, 4, 0, 2]), constant(int32s([], [1]))],
    expected: floats([2], [5, 2]),
  },
  {
    op: "EuclideanNorm",
    about: "kept axes",
    attributes: { keep_dims: { b: true } },
    inputs: [floats([1, 2], [3, 4]), constant(int32s([1], [-1]))],
    expected: floats([1, 1], [5]),
  },
  localResponse(),
  {
    op: "Roll",
    inputs: [line, int32s([], [2]), constant(int32s([], [0]))],
    expected: floats([5], [4, 5, 1, 2, 3]),
  },
  {
    op: "Roll",
    about: "backwards, more than once round",
    inputs: [line, int64s([1], [-6]), constant(int32s([1], [0]))],
    expected: floats([5], [2, 3, 4, 5, 1]),
  },
  {
    op: "Roll",
    about: "two axes",
    inputs: [grid, int32s([2], [1, 1]), constant(int32s([2], [0, -1]))],
    expected: floats([2, 3], [6, 4, 5, 3, 1, 2]),
  },
  {
    op: "Roll",
    about: "of nothing, which must not end the process",
    inputs: [floats([0, 2], []), int32s([], [1]), constant(int32s([], [0]))],
    expected: floats([0, 2], []),
  },
  { op: "ShapeN", inputs: [line, grid], output: 1, expected: int32s([2], [2, 3]) },
]);
