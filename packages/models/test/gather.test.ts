import { typeAttr } from "../src/examples/graph-def.ts";
import { constant, type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { floats, int32s, int64s } from "./fixtures/tensors.ts";

const grid = floats([2, 3], [1, 2, 3, 4, 5, 6]);
const axis = (value: number) => constant(int32s([], [value]));

function slicing(begin: readonly number[], size: readonly number[]): Pick<OperationCase, "inputs" | "expected"> {
  return { inputs: [grid, int32s([2], begin), int32s([2], size)], expected: grid };
}

const gathering: OperationCase[] = [
  { op: "GatherV2", inputs: [grid, int32s([2], [2, 0]), axis(1)], expected: floats([2, 2], [3, 1, 6, 4]) },
  { op: "GatherV2", about: "one slice", inputs: [grid, int32s([], [1]), axis(0)], expected: floats([3], [4, 5, 6]) },
  { op: "GatherV2", about: "of nothing", inputs: [grid, int32s([0], []), axis(0)], expected: floats([0, 3], []) },
  { op: "GatherV2", about: "behind the end", inputs: [grid, int32s([1], [2]), axis(0)], expected: grid, fails: true },
  { op: "GatherV2", about: "from the back", inputs: [grid, int32s([1], [-1]), axis(0)], expected: grid, fails: true },
  { op: "GatherNd", inputs: [grid, int32s([2, 2], [0, 1, 1, 2])], expected: floats([2], [2, 6]) },
  { op: "GatherNd", about: "from the back", inputs: [grid, int64s([1, 1], [-1])], expected: grid, fails: true },
  {
    op: "Slice",
    about: "-1 reaches to the end",
    inputs: [grid, int32s([2], [0, 1]), int32s([2], [1, -1])],
    expected: floats([1, 2], [2, 3]),
  },
  { op: "Slice", about: "from the back", ...slicing([0, -1], [1, 1]), fails: true },
  { op: "Slice", about: "beyond the end", ...slicing([0, 1], [1, 3]), fails: true },
  { op: "Slice", about: "to the end from beyond it", ...slicing([0, 4], [1, -1]), fails: true },
  { op: "Slice", about: "of less than nothing", ...slicing([0, 1], [1, -2]), fails: true },
  { op: "Slice", about: "of nothing at the end", ...slicing([0, 3], [1, 0]), expected: floats([1, 0], []) },
];

testOperations([
  ...gathering,
  {
    op: "Split",
    about: "the second part",
    attributes: { num_split: { i: 3n } },
    inputs: [axis(1), grid],
    output: 1,
    expected: floats([2, 1], [2, 5]),
  },
  {
    op: "Split",
    about: "parts cannot be equal",
    attributes: { num_split: { i: 2n } },
    inputs: [axis(1), grid],
    expected: grid,
    fails: true,
  },
  {
    op: "SplitV",
    about: "the second part",
    inputs: [grid, constant(int32s([2], [1, 2])), axis(-1)],
    output: 1,
    expected: floats([2, 2], [2, 3, 5, 6]),
  },
  {
    op: "Unpack",
    about: "the last slice",
    attributes: { num: { i: 3n }, axis: { i: 1n } },
    inputs: [grid],
    output: 2,
    expected: floats([2], [3, 6]),
  },
  {
    op: "Unpack",
    about: "of another size",
    attributes: { num: { i: 3n } },
    inputs: [grid],
    expected: grid,
    fails: true,
  },
  ...[0, 1].map(
    (output): OperationCase => ({
      op: "SplitV",
      about: `what other parts leave, part ${output}`,
      attributes: { num_split: { i: 2n } },
      inputs: [floats([5], [1, 2, 3, 4, 5]), int32s([2], [-1, 3]), constant(int32s([], [0]))],
      output,
      expected: output === 0 ? floats([2], [1, 2]) : floats([3], [3, 4, 5]),
    }),
  ),
  {
    op: "SplitV",
    about: "more than there are",
    attributes: { num_split: { i: 2n } },
    inputs: [floats([5], [1, 2, 3, 4, 5]), int32s([2], [-1, 6]), constant(int32s([], [0]))],
    expected: floats([0], []),
    fails: true,
  },
  {
    op: "SplitV",
    about: "sizes whose sum wraps round",
    attributes: { num_split: { i: 5n } },
    inputs: [
      floats([5], [1, 2, 3, 4, 5]),
      {
        dtype: "int64",
        shape: [5],
        data: BigInt64Array.of(2n ** 62n, 2n ** 62n, 2n ** 62n, 2n ** 62n, -1n),
      },
      constant(int32s([], [0])),
    ],
    output: 4,
    expected: floats([5], [1, 2, 3, 4, 5]),
    fails: true,
  },
  { op: "TopKV2", inputs: [floats([1, 4], [3, 9, 1, 9]), int32s([], [3])], expected: floats([1, 3], [9, 9, 3]) },
  {
    op: "TopKV2",
    about: "where they are, of equal ones the first before the second",
    inputs: [floats([1, 4], [3, 9, 1, 9]), int32s([], [3])],
    output: 1,
    expected: int32s([1, 3], [1, 3, 0]),
  },
  ...[
    [0, 4],
    [2, 0, 4],
  ].flatMap((shape): OperationCase[] => [
    {
      op: "TopKV2",
      about: `of no rows, [${shape.join()}], which would end the engine's process`,
      inputs: [floats(shape, []), int32s([], [3])],
      expected: floats([...shape.slice(0, -1), 3], []),
    },
    {
      op: "TopKV2",
      about: `where they are in no rows, [${shape.join()}]`,
      inputs: [floats(shape, []), int32s([], [3])],
      output: 1,
      expected: int32s([...shape.slice(0, -1), 3], []),
    },
  ]),
  {
    op: "TopKV2",
    about: "more than there are in no rows",
    inputs: [floats([0, 1], []), int32s([], [2])],
    expected: floats([0, 1], []),
    fails: true,
  },
  {
    op: "TopKV2",
    about: "none of rows without numbers",
    inputs: [floats([2, 0], []), int32s([], [0])],
    expected: floats([2, 0], []),
  },
  {
    op: "TopKV2",
    about: "more than there are",
    attributes: { index_type: typeAttr("int64") },
    inputs: [floats([1], [3]), int32s([], [2])],
    expected: floats([1], [3]),
    fails: true,
  },
]);
