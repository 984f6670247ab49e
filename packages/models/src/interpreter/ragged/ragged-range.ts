import { type DataType, invalidArgument, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

import { FLOATS } from "../float-types.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { splitsOfLengths, splitTensor, splitType } from "./split-levels.ts";

const COUNTABLE: readonly DataType[] = [...FLOATS, "int32", "int64"];

/** RaggedRange: a row of numbers from a start to before a limit for each of several, which may be one for all. */
export const raggedRange: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (!COUNTABLE.includes(dtype)) {
    operation.refuse(`its numbers are ${dtype}`);
  }
  const splits = splitType(operation.type("Tsplits", "int64"), operation);
  return {
    outputs: [splits, dtype],
    run: (inputs) => {
      const rows = countRows(inputs);
      const [starts, limits, deltas] = inputs.map(({ data, shape }) => repeat(data, shape.length === 0, rows)) as [
        number[],
        number[],
        number[],
      ];
      const lengths = starts.map((start, row) => rangeLength(start, limits[row] ?? 0, deltas[row] ?? 0));
      const budget = new OutputBudget();
      budget.take(splits, rows + 1);
      budget.take(
        dtype,
        lengths.reduce((total, length) => total + length, 0),
      );
      const levels = splitsOfLengths(lengths);
      const numbers = makeNumbers(dtype, levels.at(-1) ?? 0);
      for (const [row, length] of lengths.entries()) {
        for (let index = 0; index < length; index++) {
          const value = (starts[row] ?? 0) + index * (deltas[row] ?? 0);
          numbers[(levels[row] ?? 0) + index] = (dtype === "int64" ? BigInt(value) : value) as never;
        }
      }
      return [splitTensor(splits, levels), { dtype, shape: [numbers.length], data: numbers }];
    },
  };
};

/** How many rows the inputs make, which are vectors of one length or single numbers. */
function countRows(inputs: readonly Tensor[]): number {
  const lengths = new Set(inputs.flatMap(({ shape }) => shape));
  if (inputs.some(({ shape }) => shape.length > 1) || lengths.size > 1) {
    throw invalidArgument("starts, limits, and deltas must have the same shape");
  }
  return [...lengths][0] ?? 1;
}

function repeat(data: Tensor["data"], isScalar: boolean, rows: number): number[] {
  const numbers = isNumberData(data) ? Array.from<number | bigint, number>(data, Number) : [];
  if (data instanceof BigInt64Array && !numbers.every(Number.isSafeInteger)) {
    throw invalidArgument("starts, limits and deltas are beyond what can be counted exactly");
  }
  return isScalar ? Array(rows).fill(numbers[0]) : numbers;
}

function rangeLength(start: number, limit: number, delta: number): number {
  if (delta === 0) {
    throw invalidArgument("Requires delta != 0");
  }
  const length = Math.ceil((limit - start) / delta);
  if (!Number.isFinite(length)) {
    throw invalidArgument("Requires finite starts, limits and deltas");
  }
  return Math.max(length, 0);
}
