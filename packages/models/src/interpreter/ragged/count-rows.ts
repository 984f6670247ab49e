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
      const [given, factors] = [values as Tensor, weights as Tensor];
      const [rows = [0]] = readLevels([splits as Tensor], given);
      const [bins, numbers] = [wholeNumber(size, "size"), integersOf(given, "Values")];
      if (bins < 0 || numbers.some((number) => number < 0)) {
        throw invalidArgument("size and values to count must be non-negative");
      }
      if (factors.data.length > 0 && factors.data.length !== numbers.length) {
        throw invalidArgument("weights must be as many as the values, or none");
      }
      const height = rows.length - 1;
      new OutputBudget().take(dtype, height * bins);
      const counts = makeNumbers(dtype, height * bins);
      const one = dtype === "int64" ? 1n : 1;
      for (let row = 0; row < height; row++) {
        for (let index = rows[row] ?? 0; index < (rows[row + 1] ?? 0); index++) {
          const number = numbers[index] as number;
          if (number < bins) {
            const at = row * bins + number;
            const weight = onlyWhether || factors.data.length === 0 ? one : factors.data[index];
            counts[at] = (onlyWhether ? one : (counts[at] as number) + (weight as number)) as never;
          }
        }
      }
      return [{ dtype, shape: [height, bins], data: counts }];
    },
  };
};
