import type { Tensor } from "@sealserve/protocol";
import { constant, testOperations, textAttr } from "./fixtures/operation-case.ts";
import { booleans, floats, int32s, int64s } from "./fixtures/tensors.ts";

const grid = floats([2, 2], [1, 2, 3, 4]);
const wide = (...ends: bigint[]): Tensor => ({
  dtype: "int64",
  shape: [ends.length],
  data: BigInt64Array.from(ends, (end) => 2n ** 60n + end),
});
const huge = int32s([2], [65_536, 65_536]);

testOperations([
  { op: "Fill", inputs: [int32s([2], [1, 2]), floats([], [7])], expected: floats([1, 2], [7, 7]) },
  { op: "Fill", about: "too large", inputs: [huge, floats([], [7])], expected: grid, fails: true },
  {
    op: "Fill",
    about: "no single value",
    inputs: [int32s([2], [1, 2]), floats([2], [7, 8])],
    expected: grid,
    fails: true,
  },
  {
    op: "Fill",
    about: "too large from the start",
    inputs: [constant(huge), floats([], [7])],
    expected: grid,
    fails: true,
  },
  { op: "BroadcastTo", inputs: [floats([2, 1], [1, 2]), int32s([2], [2, 2])], expected: floats([2, 2], [1, 1, 2, 2]) },
  { op: "BroadcastTo", about: "too large", inputs: [floats([1], [1]), huge], expected: grid, fails: true },
  { op: "BroadcastArgs", inputs: [int32s([2], [2, 1]), int32s([1], [3])], expected: int32s([2], [2, 3]) },
  { op: "BroadcastTo", about: "smaller", inputs: [floats([2], [1, 2]), int32s([1], [1])], expected: grid, fails: true },
  { op: "BroadcastArgs", about: "of any size", inputs: [int32s([1], [1]), huge], expected: huge },
  {
    op: "BroadcastArgs",
    about: "a scalar's",
    inputs: [int64s([0], []), int64s([2], [2, 0])],
    expected: int64s([2], [2, 0]),
  },
  {
    op: "BroadcastArgs",
    about: "that do not fit",
    inputs: [int32s([1], [2]), int32s([1], [3])],
    expected: huge,
    fails: true,
  },
  { op: "Tile", inputs: [grid, int32s([2], [1, 2])], expected: floats([2, 4], [1, 2, 1, 2, 3, 4, 3, 4]) },
  { op: "Tile", about: "too large", inputs: [grid, int32s([2], [16_384, 16_384])], expected: grid, fails: true },
  { op: "ZerosLike", inputs: [grid], expected: floats([2, 2], [0, 0, 0, 0]) },
  { op: "ZerosLike", about: "truth values", inputs: [booleans([1], [1])], expected: booleans([1], [0]) },
  { op: "OnesLike", inputs: [int64s([2], [5, 6])], expected: int64s([2], [1, 1]) },
  {
    op: "Range",
    about: "of more numbers than can be counted",
    inputs: [floats([], [0]), floats([], [3e38]), floats([], [1e-10])],
    expected: floats([0], []),
    fails: true,
  },
  { op: "Range", inputs: [int32s([], [2]), int32s([], [9]), int32s([], [3])], expected: int32s([3], [2, 5, 8]) },
  {
    op: "Range",
    about: "down",
    inputs: [floats([], [1]), floats([], [0]), floats([], [-0.5])],
    expected: floats([2], [1, 0.5]),
  },
  {
    op: "Range",
    about: "too long",
    inputs: [int64s([], [0]), int64s([], [2 ** 40]), int64s([], [1])],
    expected: int64s([0], []),
    fails: true,
  },
  {
    op: "Range",
    about: "beyond what float64 can tell apart",
    inputs: [wide(1n), wide(4n), int64s([], [2])].map((limit) => ({ ...limit, shape: [] })),
    expected: wide(1n, 3n),
  },
  {
    op: "Range",
    about: "the wrong way",
    inputs: [int32s([], [5]), int32s([], [1]), int32s([], [1])],
    expected: int32s([0], []),
    fails: true,
  },
  {
    op: "Range",
    about: "in steps of nothing",
    inputs: [int64s([], [5]), int64s([], [9]), int64s([], [0])],
    expected: int64s([0], []),
    fails: true,
  },
  {
    op: "OneHot",
    about: "less than nothing",
    inputs: [int32s([1], [1]), int32s([], [-1]), floats([], [1]), floats([], [0])],
    expected: grid,
    fails: true,
  },
  { op: "Size", inputs: [grid], expected: int32s([], [4]) },
  { op: "Rank", inputs: [grid], expected: int32s([], [2]) },
  {
    op: "OneHot",
    about: "outside of the range nothing is on",
    inputs: [int32s([3], [1, -1, 3]), int32s([], [3]), floats([], [5]), floats([], [0])],
    expected: floats([3, 3], [0, 5, 0, 0, 0, 0, 0, 0, 0]),
  },
  {
    op: "OneHot",
    about: "too large",
    inputs: [int32s([1], [1]), int32s([], [2 ** 30]), floats([], [1]), floats([], [0])],
    expected: grid,
    fails: true,
  },
  {
    op: "Pad",
    inputs: [grid, constant(int32s([2, 2], [0, 1, 1, 0]))],
    expected: floats([3, 3], [0, 1, 2, 0, 3, 4, 0, 0, 0]),
  },
  {
    op: "PadV2",
    inputs: [floats([1], [1]), constant(int32s([1, 2], [1, 1])), floats([], [9])],
    expected: floats([3], [9, 1, 9]),
  },
  {
    op: "MirrorPad",
    attributes: { mode: textAttr("REFLECT") },
    inputs: [floats([3], [1, 2, 3]), constant(int32s([1, 2], [2, 1]))],
    expected: floats([6], [3, 2, 1, 2, 3, 2]),
  },
  { op: "ReverseV2", inputs: [grid, constant(int32s([1], [-1]))], expected: floats([2, 2], [2, 1, 4, 3]) },
  { op: "Cumsum", inputs: [grid, constant(int32s([], [1]))], expected: floats([2, 2], [1, 3, 3, 7]) },
  {
    op: "Cumsum",
    about: "without the element itself",
    attributes: { exclusive: { b: true } },
    inputs: [floats([3], [1, 2, 3]), constant(int32s([], [0]))],
    expected: floats([3], [0, 1, 3]),
  },
]);
