import { constant, type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { floats, int32s, int64s } from "./fixtures/tensors.ts";

/** Top, left, bottom and right of each. */
const boxes = floats(
  [6, 4],
  [
    [0, 0, 1, 1],
    [0, 0.1, 1, 1.1],
    [0, -0.1, 1, 0.9],
    [0, 10, 1, 11],
    [1, 11.1, 0, 10.1],
    [0, 100, 1, 101],
  ].flat(),
);
const scores = floats([6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]);
const number = (value: number) => floats([], [value]);
const count = (value: number) => int32s([], [value]);
const matrix = floats([3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const band = (below: number, above: number, values: readonly number[]): OperationCase => ({
  op: "MatrixBandPart",
  about: `${below} below and ${above} above`,
  inputs: [matrix, constant(count(below)), constant(count(above))],
  expected: floats([3, 4], values),
});
const turned = (steps: bigint, sequences: bigint) => ({ seq_dim: { i: steps }, batch_dim: { i: sequences } });

/** Results are TensorFlow 2.21's. */
testOperations([
  { op: "NonMaxSuppressionV2", inputs: [boxes, scores, count(3), number(0.5)], expected: int32s([3], [3, 0, 5]) },
  {
    op: "NonMaxSuppressionV3",
    about: "by lowest score",
    inputs: [boxes, scores, count(10), number(0.5), number(0.4)],
    expected: int32s([2], [3, 0]),
  },
  {
    op: "NonMaxSuppressionV3",
    about: "a score that is not above the lowest",
    inputs: [boxes, scores, count(2), number(0.99), number(0.9)],
    expected: int32s([1], [3]),
  },
  {
    op: "NonMaxSuppressionV3",
    about: "no boxes",
    inputs: [floats([0, 4]), floats([0]), count(10), number(0.5), number(0.4)],
    expected: int32s([0], []),
  },
  {
    op: "NonMaxSuppressionV3",
    about: "equal scores",
    inputs: [boxes, floats([6], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]), count(10), number(0.5), number(0.4)],
    expected: int32s([3], [0, 3, 5]),
  },
  {
    op: "NonMaxSuppressionV4",
    about: "how many",
    inputs: [boxes, scores, count(10), number(0.5), number(0)],
    expected: count(3),
    output: 1,
  },
  {
    op: "NonMaxSuppressionV5",
    about: "their scores",
    inputs: [boxes, scores, count(10), number(0.5), number(0.4), constant(number(0))],
    expected: floats([2], [0.95, 0.9]),
    output: 1,
  },
  band(0, 0, [1, 0, 0, 0, 0, 6, 0, 0, 0, 0, 11, 0]),
  band(1, -1, [1, 2, 3, 4, 5, 6, 7, 8, 0, 10, 11, 12]),
  band(-1, 1, [1, 2, 0, 0, 5, 6, 7, 0, 9, 10, 11, 12]),
  band(1, 2, [1, 2, 3, 0, 5, 6, 7, 8, 0, 10, 11, 12]),
  { ...band(4, 0, []), expected: floats([0]), fails: true },
  { ...band(0, 5, []), expected: floats([0]), fails: true },
  band(3, 4, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  band(-1, -1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  {
    op: "ReverseSequence",
    about: "along rows",
    attributes: turned(1n, 0n),
    inputs: [matrix, int64s([3], [2, 4, 0])],
    expected: floats([3, 4], [2, 1, 3, 4, 8, 7, 6, 5, 9, 10, 11, 12]),
  },
  {
    op: "ReverseSequence",
    about: "along columns",
    attributes: turned(0n, 1n),
    inputs: [matrix, int32s([4], [2, 3, 1, 0])],
    expected: floats([3, 4], [5, 10, 3, 4, 1, 6, 7, 8, 9, 2, 11, 12]),
  },
  {
    op: "ReverseSequence",
    about: "more steps than there are fail",
    attributes: turned(1n, 0n),
    inputs: [matrix, int64s([3], [2, 5, 0])],
    expected: floats([0]),
    fails: true,
  },
  {
    op: "ClipByValue",
    inputs: [floats([4], [-2, 0.5, 9, Number.NaN]), number(-1), number(1)],
    expected: floats([4], [-1, 0.5, 1, Number.NaN]),
  },
  {
    op: "ClipByValue",
    about: "whole numbers",
    inputs: [int32s([3], [-2, 5, 9]), count(-1), count(6)],
    expected: int32s([3], [-1, 5, 6]),
  },
  {
    op: "ClipByValue",
    about: "bounds that cross",
    inputs: [floats([3], [-2, 0.5, 9]), number(4), number(1)],
    expected: floats([3], [4, 4, 4]),
  },
]);
