import { elementCount, invalidArgument, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

import { indexTensor } from "../integers.ts";
import type { Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";
import { search } from "../search-sorted.ts";
import { readShape } from "../sparse/coordinates.ts";
import { normalSource, uniformSource } from "./random-numbers.ts";

/** Largest number below 1 of 32 bits: rounding must not make a 1 out of what is below. */
const BELOW_ONE = 1 - 2 ** -24;

/** RandomUniform and RandomStandardNormal. Seeds are not honoured: TensorFlow promises no sequence across versions. */
function randomFloats(makeSource: () => () => number): MakeKernel {
  return (operation): Kernel => {
    const dtype = operation.type("dtype");
    if (dtype !== "float32" && dtype !== "float64") {
      operation.refuse(`it makes ${dtype}`);
    }
    return {
      outputs: [dtype],
      run: ([sizes]) => {
        const shape = readShape(sizes);
        new OutputBudget().take(dtype, elementCount(shape));
        const next = makeSource();
        const data = makeNumbers(dtype, elementCount(shape)).map(() => next() as never);
        return [{ dtype, shape, data }];
      },
    };
  };
}

/** Multinomial: draws classes by logits, for each row. */
const drawClasses: MakeKernel = (operation) => {
  const dtype = operation.type("output_dtype", "int64") === "int32" ? "int32" : "int64";
  return {
    outputs: [dtype],
    run: ([logits, samples]) => {
      const [rows = 0, classes = 0] = (logits as Tensor).shape;
      const count = wholeNumber(samples, "num_samples");
      if (logits?.shape.length !== 2 || classes < 1 || count < 0) {
        throw invalidArgument("logits must be a matrix with classes, and num_samples at least 0");
      }
      new OutputBudget().take(dtype, rows * count);
      const uniform = uniformSource();
      const drawn = cumulativeRows(logits, rows, classes).flatMap((sums) =>
        Array.from({ length: count }, () => drawOne(sums, uniform())),
      );
      return [indexTensor(dtype, [rows, count], drawn)];
    },
  };
};

/** Sums of the classes' weights up to each one. Logits that are not finite weigh nothing. */
function cumulativeRows({ data }: Tensor, rows: number, classes: number): number[][] {
  const numbers = isNumberData(data) ? Array.from<number | bigint, number>(data, Number) : [];
  return Array.from({ length: rows }, (_, row) => {
    const logits = numbers.slice(row * classes, (row + 1) * classes);
    const largest = logits
      .filter(Number.isFinite)
      .reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
    let total = 0;
    return logits.map((logit) => {
      total += Number.isFinite(logit) ? Math.exp(logit - largest) : 0;
      return total;
    });
  });
}

function drawOne(sums: readonly number[], uniform: number): number {
  const target = uniform * (sums.at(-1) ?? 0);
  const found = search(sums, 0, sums.length, (sum) => sum <= target);
  return Math.min(found, sums.length - 1);
}

/** Operations whose outputs differ from run to run: they are never done in advance. */
export const randomKernels: Readonly<Record<string, MakeKernel>> = {
  Multinomial: drawClasses,
  RandomStandardNormal: randomFloats(normalSource),
  RandomUniform: randomFloats(() => {
    const next = uniformSource();
    return () => Math.min(next(), BELOW_ONE);
  }),
};
