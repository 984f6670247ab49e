import { type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { booleans, bytes, floats, int32s, int64s } from "./fixtures/tensors.ts";

const row = floats([1, 3], [1, 2, 3]);
const two = floats([], [2]);

function compares(op: string, expected: readonly number[]): OperationCase {
  return { op, inputs: [row, two], expected: booleans([1, 3], expected) };
}

testOperations([
  compares("Equal", [0, 1, 0]),
  compares("NotEqual", [1, 0, 1]),
  compares("Less", [1, 0, 0]),
  compares("LessEqual", [1, 1, 0]),
  compares("Greater", [0, 0, 1]),
  compares("GreaterEqual", [0, 1, 1]),
  { op: "Less", about: "bytes", inputs: [bytes([2], [200, 3]), bytes([], [100])], expected: booleans([2], [0, 1]) },
  {
    op: "Equal",
    about: "truth values",
    inputs: [booleans([2], [0, 1]), booleans([], [1])],
    expected: booleans([2], [0, 1]),
  },
  {
    op: "LogicalAnd",
    inputs: [booleans([2], [1, 0]), booleans([], [1])],
    expected: booleans([2], [1, 0]),
  },
  { op: "LogicalOr", inputs: [booleans([2], [1, 0]), booleans([], [0])], expected: booleans([2], [1, 0]) },
  { op: "LogicalNot", inputs: [booleans([2], [1, 0])], expected: booleans([2], [0, 1]) },
  {
    op: "SelectV2",
    about: "broadcasts",
    inputs: [booleans([2, 1], [1, 0]), row, two],
    expected: floats([2, 3], [1, 2, 3, 2, 2, 2]),
  },
  {
    op: "Select",
    about: "a vector chooses rows",
    inputs: [booleans([2], [1, 0]), int32s([2, 2], [1, 2, 3, 4]), int32s([2, 2], [5, 6, 7, 8])],
    expected: int32s([2, 2], [1, 2, 7, 8]),
  },
  {
    op: "Select",
    about: "element by element",
    inputs: [booleans([2], [1, 0]), floats([2], [1, 2]), floats([2], [3, 4])],
    expected: floats([2], [1, 4]),
  },
  { op: "Where", inputs: [booleans([2, 2], [0, 1, 1, 0])], expected: int64s([2, 2], [0, 1, 1, 0]) },
  { op: "Where", about: "of true alone", inputs: [booleans([], [1])], expected: int64s([1, 0], []) },
  { op: "Where", about: "of false alone", inputs: [booleans([], [0])], expected: int64s([0, 0], []) },
  { op: "Where", about: "of nothing", inputs: [booleans([2], [0, 0])], expected: int64s([0, 1], []) },
  { op: "IsNan", inputs: [floats([2], [Number.NaN, 1])], expected: booleans([2], [1, 0]) },
  {
    op: "DivNoNan",
    inputs: [floats([3], [1, 0, 6]), floats([3], [0, 0, 4])],
    expected: floats([3], [0, 0, 1.5]),
  },
]);
