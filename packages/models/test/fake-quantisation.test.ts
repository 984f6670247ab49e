import { constant, type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { floats } from "./fixtures/tensors.ts";

/** Rounds as quantised numbers would, by the definition: bounds moved so that one of 2^bits even steps is 0. */
function quantised(values: readonly number[], lowest: number, highest: number, bits = 8, first = 0): number[] {
  const last = 2 ** bits - 1;
  const scale = (highest - lowest) / (last - first);
  const zero = Math.min(Math.max(Math.round(first - lowest / scale), first), last);
  return values.map((value) => {
    const step = Math.round(value / scale) + zero;
    return (Math.min(Math.max(step, first), last) - zero) * scale;
  });
}

const values = [-3, -1, -0.4, 0, 0.013, 0.7, 1.9, 5];
const input = floats([2, 4], values);
const scalar = (value: number) => constant(floats([], [value]));

testOperations([
  {
    op: "FakeQuantWithMinMaxArgs",
    attributes: { min: { f: -1 }, max: { f: 2 } },
    inputs: [input],
    expected: floats([2, 4], quantised(values, -1, 2)),
  },
  {
    op: "FakeQuantWithMinMaxArgs",
    about: "its bounds are 6 by default",
    inputs: [input],
    expected: floats([2, 4], quantised(values, -6, 6)),
  },
  {
    op: "FakeQuantWithMinMaxVars",
    about: "fewer bits, of which the first value is left out",
    attributes: { num_bits: { i: 4n }, narrow_range: { b: true } },
    inputs: [input, scalar(-2), scalar(1)],
    expected: floats([2, 4], quantised(values, -2, 1, 4, 1)),
  },
  {
    op: "FakeQuantWithMinMaxVars",
    about: "bounds of 0",
    inputs: [input, scalar(0), scalar(0)],
    expected: floats([2, 4], [0, 0, 0, 0, 0, 0, 0, 0]),
  },
  perChannel(),
]);

function perChannel(): OperationCase {
  const [lowest, highest] = [
    [-1, 0, -0.5, -4],
    [1.5, 2, 0.7, 6.1],
  ];
  const expected = values.flatMap((value, index) =>
    quantised([value], lowest?.[index % 4] ?? 0, highest?.[index % 4] ?? 0),
  );
  return {
    op: "FakeQuantWithMinMaxVarsPerChannel",
    inputs: [input, constant(floats([4], lowest)), constant(floats([4], highest))],
    expected: floats([2, 4], expected),
  };
}
