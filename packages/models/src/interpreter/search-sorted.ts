import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import { indexTensor } from "./integers.ts";
import type { MakeKernel } from "./kernel.ts";
import { OutputBudget } from "./output-budget.ts";

/** LowerBound and UpperBound: in each sorted row, the first place at which a value could be inserted, or the last one. */
export function searchSorted(place: "first" | "last"): MakeKernel {
  return (operation) => {
    const dtype = operation.type("out_type", "int32") === "int64" ? "int64" : "int32";
    return {
      outputs: [dtype],
      run: ([sorted, values]) => {
        const [rows, width] = (sorted as Tensor).shape;
        const [valueRows, count] = (values as Tensor).shape;
        if (rows === undefined || width === undefined || count === undefined || valueRows !== rows) {
          throw invalidArgument("Sorted inputs and values must be matrices of as many rows");
        }
        new OutputBudget().take(dtype, rows * count);
        const [haystack, needles] = [numbersOf(sorted as Tensor), numbersOf(values as Tensor)];
        const found = needles.map((needle, index) => {
          const start = Math.floor(index / count) * width;
          return (
            search(haystack, start, start + width, (entry) => (place === "first" ? entry < needle : entry <= needle)) -
            start
          );
        });
        return [indexTensor(dtype, [rows, count], found)];
      },
    };
  };
}

/** The first place from which on `isBefore` does not hold. */
export function search<Entry extends number | bigint>(
  entries: readonly Entry[],
  start: number,
  end: number,
  isBefore: (entry: Entry) => boolean,
): number {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isBefore(entries[middle] as Entry)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function numbersOf({ data }: Tensor): (number | bigint)[] {
  if (!isNumberData(data)) {
    throw invalidArgument("Sorted inputs and values must be numbers");
  }
  return Array.from<number | bigint>(data);
}
