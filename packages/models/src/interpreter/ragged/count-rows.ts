import { invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";

import { integersOf } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";
import { readLevels } from "./split-levels.ts";

/** RaggedBincount: how often each number from 0 on occurs in each row, the sum of its weights there, or only whether it does. */
export const countRaggedRows: MakeKernel = (operation) => {
  const { dtype } = operation.input(3);
  const onlyWhether = operation.flag("binary_output", false);
  return {
    outputs: [dtype],
    run: ([splits, values, size, weights]) => {
      const given = values as Tensor;
      const [rows = [0]] = readLevels([splits as Tensor], given);
      const [bins, numbers] = [wholeNumber(size, "size"), integersOf(given, "Values")];
      expectCountable(bins, numbers, weights as Tensor);
      const height = rows.length - 1;
      new OutputBudget().take(dtype, height * bins);
      const counts = makeNumbers(dtype, height * bins);
      const rowOf = rows.slice(1).flatMap((end, row) => Array<number>(end - (rows[row] ?? 0)).fill(row));
      addCounts(counts, numbers, { rowOf, bins, onlyWhether, weights: weights as Tensor });
      return [{ dtype, shape: [height, bins], data: counts }];
    },
  };
};

function expectCountable(bins: number, numbers: readonly number[], weights: Tensor): void {
  if (bins < 0 || numbers.some((number) => number < 0)) {
    throw invalidArgument("size and values to count must be non-negative");
  }
  if (weights.data.length > 0 && weights.data.length !== numbers.length) {
    throw invalidArgument("weights must be as many as the values, or none");
  }
}

interface Counting {
  /** Row of each number. */
  readonly rowOf: readonly number[];
  readonly bins: number;
  readonly onlyWhether: boolean;
  readonly weights: Tensor;
}

function addCounts(
  counts: ReturnType<typeof makeNumbers>,
  numbers: readonly number[],
  { rowOf, bins, onlyWhether, weights }: Counting,
): void {
  const one = weights.dtype === "int64" ? 1n : 1;
  for (const [index, number] of numbers.entries()) {
    if (number < bins) {
      const at = (rowOf[index] ?? 0) * bins + number;
      const weight = weights.data.length === 0 ? one : weights.data[index];
      counts[at] = (onlyWhether ? one : (counts[at] as number) + (weight as number)) as never;
    }
  }
}
