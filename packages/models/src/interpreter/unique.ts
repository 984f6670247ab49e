import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import { makeElements } from "./elements.ts";
import { indexTensor } from "./integers.ts";
import type { MakeKernel } from "./kernel.ts";
import { OutputBudget } from "./output-budget.ts";

/** Unique and UniqueWithCounts: each value of a vector once, in order of first occurrence, and where each element went. */
export function unique(withCounts: boolean): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(0);
    const indexType = operation.type("out_idx", "int32") === "int64" ? "int64" : "int32";
    return {
      outputs: withCounts ? [dtype, indexType, indexType] : [dtype, indexType],
      run: ([tensor]) => {
        const { shape, data } = tensor as Tensor;
        if (shape.length !== 1) {
          throw invalidArgument("unique expects a 1D vector.");
        }
        const budget = new OutputBudget();
        budget.take(dtype, data.length);
        budget.take("int64", data.length * 2);
        const { firsts, places, counts } = numberValues(data);
        const elements = makeElements(dtype, firsts.length);
        for (const [index, first] of firsts.entries()) {
          elements.copy(data, first, 1, index);
        }
        const outputs: Tensor[] = [
          { dtype, shape: [firsts.length], data: elements.data },
          indexTensor(indexType, shape, places),
          indexTensor(indexType, [counts.length], counts),
        ];
        return outputs.slice(0, withCounts ? 3 : 2);
      },
    };
  };
}

function numberValues(data: Tensor["data"]) {
  const numbers = new Map<unknown, number>();
  const firsts: number[] = [];
  const counts: number[] = [];
  const keys = isNumberData(data) ? Array.from<unknown>(data) : data.map((key) => Buffer.from(key).toString("latin1"));
  const places = keys.map((key, index) => {
    // What is not a number is equal to nothing, not even to itself.
    const known = Number.isNaN(key) ? undefined : numbers.get(key);
    const number = known ?? firsts.push(index) - 1;
    numbers.set(key, number);
    counts[number] = (counts[number] ?? 0) + 1;
    return number;
  });
  return { firsts, places, counts };
}
