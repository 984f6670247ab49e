import { constant, type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { floats, int32s } from "./fixtures/tensors.ts";

const counted = (...shape: readonly number[]) =>
  floats(
    shape,
    Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => index + 1),
  );
const pairs = (...numbers: readonly number[]) => int32s([numbers.length / 2, 2], numbers);

/** Cases whose results are TensorFlow 2.21's. */
const cases: readonly OperationCase[] = [
  {
    op: "SpaceToBatchND",
    about: "padded rows and columns",
    inputs: [counted(1, 2, 3, 1), constant(int32s([2], [2, 2])), constant(pairs(0, 0, 1, 0))],
    expected: floats([4, 1, 2, 1], [0, 2, 1, 3, 0, 5, 4, 6]),
  },
  {
    op: "SpaceToBatchND",
    about: "steps, of padding that is fed",
    inputs: [counted(2, 3, 2), constant(int32s([1], [2])), pairs(1, 0)],
    expected: floats([4, 2, 2], [0, 0, 3, 4, 0, 0, 9, 10, 1, 2, 5, 6, 7, 8, 11, 12]),
  },
  {
    op: "SpaceToBatchND",
    about: "nothing behind the blocks",
    inputs: [counted(1, 4), constant(int32s([1], [2])), constant(pairs(0, 0))],
    expected: floats([2, 2], [1, 3, 2, 4]),
  },
  {
    op: "SpaceToBatchND",
    about: "no images",
    inputs: [counted(0, 4, 1), constant(int32s([1], [2])), constant(pairs(0, 0))],
    expected: floats([0, 2, 1]),
  },
  {
    op: "BatchToSpaceND",
    about: "a column cut off",
    inputs: [counted(4, 1, 2, 1), constant(int32s([2], [2, 2])), constant(pairs(0, 0, 1, 0))],
    expected: floats([1, 2, 3, 1], [3, 2, 4, 7, 6, 8]),
  },
  {
    op: "BatchToSpaceND",
    about: "both ends cut off, by numbers that are fed",
    inputs: [counted(4, 2, 2), constant(int32s([1], [2])), pairs(1, 1)],
    expected: floats([2, 2, 2], [9, 10, 3, 4, 13, 14, 7, 8]),
  },
  {
    op: "BatchToSpaceND",
    about: "nothing behind the blocks",
    inputs: [counted(2, 2), constant(int32s([1], [2])), constant(pairs(0, 1))],
    expected: floats([1, 3], [1, 3, 2]),
  },
  {
    op: "BatchToSpaceND",
    about: "all cut off",
    inputs: [counted(2, 2, 1), constant(int32s([1], [2])), constant(pairs(2, 2))],
    expected: floats([1, 0, 1]),
  },
];

const failing = (op: string, about: string, shape: readonly number[], numbers: readonly number[]): OperationCase => ({
  op,
  about,
  inputs: [counted(...shape), constant(int32s([1], [2])), pairs(...numbers)],
  expected: floats([0]),
  fails: true,
});

testOperations([
  ...cases,
  failing("SpaceToBatchND", "blocks that do not fit fail", [1, 3, 1], [0, 0]),
  failing("SpaceToBatchND", "padding below 0 fails", [1, 3, 1], [-1, 0]),
  failing("SpaceToBatchND", "padding beyond all memory fails", [1, 3, 1], [2 ** 27, 1]),
  failing("SpaceToBatchND", "padding for two axes fails", [1, 4, 1], [0, 0, 0, 0]),
  failing("BatchToSpaceND", "a number of images that is no multiple fails", [3, 2, 1], [0, 0]),
  failing("BatchToSpaceND", "cutting more off than there is fails", [2, 2, 1], [3, 2]),
  failing("BatchToSpaceND", "cutting less than nothing off fails", [2, 2, 1], [-1, 0]),
]);
