import { invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";
import { integersOf } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";

/** Bincount: how often each number from 0 on occurs, or the sum of the weights of where it does. */
export const countAll: MakeKernel = (operation) => {
  const { dtype } = operation.input(2);
  return {
    outputs: [dtype],
    run: ([values, size, weights]) => {
      const all = { ...(values as Tensor), shape: [1, values?.data.length ?? 0] };
      return [{ ...countRows(all, size, weights as Tensor, false), shape: [wholeNumber(size, "size")] }];
    },
  };
};

/** DenseBincount: {@link countAll} for a vector, or for each row of a matrix; or only whether a number occurs. */
export const countDense: MakeKernel = (operation) => {
  const { dtype } = operation.input(2);
  const onlyWhether = operation.flag("binary_output", false);
  return {
    outputs: [dtype],
    run: ([values, size, weights]) => {
      const given = values as Tensor;
      if (given.shape.length < 1 || given.shape.length > 2) {
        throw invalidArgument(`Shape must be at most rank 2 but is rank ${given.shape.length}`);
      }
      const isVector = given.shape.length === 1;
      const rows = { ...given, shape: isVector ? [1, given.data.length] : given.shape };
      const counts = countRows(rows, size, weights as Tensor, onlyWhether);
      return [isVector ? { ...counts, shape: counts.shape.slice(1) } : counts];
    },
  };
};

function countRows(values: Tensor, size: Tensor | undefined, weights: Tensor, onlyWhether: boolean): Tensor {
  const [rows = 0, width = 0] = values.shape;
  const [bins, numbers] = [wholeNumber(size, "size"), integersOf(values, "Values")];
  if (bins < 0 || numbers.some((number) => number < 0)) {
    throw invalidArgument("size and values to count must be non-negative");
  }
  if (weights.data.length > 0 && weights.data.length !== numbers.length) {
    throw invalidArgument("weights must be as many as the values, or none");
  }
  const { dtype } = weights;
  new OutputBudget().take(dtype, rows * bins);
  const counts = makeNumbers(dtype, rows * bins);
  const one = dtype === "int64" ? 1n : 1;
  for (const [index, number] of numbers.entries()) {
    if (number < bins) {
      const at = Math.floor(index / width) * bins + number;
      const weight = onlyWhether || weights.data.length === 0 ? one : weights.data[index];
      counts[at] = (onlyWhether ? weight : (counts[at] as number) + (weight as number)) as never;
    }
  }
  return { dtype, shape: [rows, bins], data: counts };
}
