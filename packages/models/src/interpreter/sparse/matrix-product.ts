import { type DataType, invalidArgument, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

import { FLOATS } from "../float-types.ts";
import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readCoordinates, volume } from "./coordinates.ts";

/** Products that are added between two looks at the clock. */
const PRODUCTS_BETWEEN_CHECKS = 2 ** 20;

/** SparseTensorDenseMatMul: the product of a sparse matrix with a dense one, either of which may be taken transposed. */
export const multiplySparse: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  if (!FLOATS.includes(dtype) || operation.input(3).dtype !== dtype) {
    operation.refuse(`its matrices are ${dtype} and ${operation.input(3).dtype}`);
  }
  const [transposedA, transposedB] = [operation.flag("adjoint_a", false), operation.flag("adjoint_b", false)];
  return {
    outputs: [dtype],
    run: ([indices, values, denseShape, b], clock) => {
      const { count, numbers, shape } = readCoordinates(indices, denseShape);
      const [height = 0, width = 0] = transposedA ? shape.toReversed() : shape;
      const other = readMatrix(b, transposedB);
      if (shape.length !== 2 || values?.data.length !== count || other.height !== width) {
        throw invalidArgument(`Cannot multiply A of shape [${shape.join(",")}] and B of shape [${b?.shape.join(",")}]`);
      }
      new OutputBudget().take(dtype, volume([height, other.width]));
      const data = addProducts({ numbers, transposed: transposedA }, values, other, { dtype, height, clock });
      return [{ dtype, shape: [height, other.width], data }];
    },
  };
};

interface Matrix {
  readonly height: number;
  readonly width: number;
  readonly at: (row: number, column: number) => number;
}

function readMatrix(tensor: Tensor | undefined, transposed: boolean): Matrix {
  const [rows, columns, ...more] = tensor?.shape ?? [];
  if (tensor === undefined || rows === undefined || columns === undefined || more.length > 0) {
    throw invalidArgument("Tensor 'b' is not a matrix");
  }
  const { data } = tensor;
  const value = (place: number): number => Number(isNumberData(data) ? data[place] : Number.NaN);
  return transposed
    ? { height: columns, width: rows, at: (row, column) => value(column * columns + row) }
    : { height: rows, width: columns, at: (row, column) => value(row * columns + column) };
}

interface Product {
  readonly dtype: DataType;
  readonly height: number;
  readonly clock: Clock | undefined;
}

function addProducts(
  { numbers, transposed }: { readonly numbers: readonly number[]; readonly transposed: boolean },
  { data }: Tensor,
  { width, at }: Matrix,
  { dtype, height, clock }: Product,
): Tensor["data"] {
  const sums = makeNumbers(dtype, height * width);
  const between = Math.max(1, Math.floor(PRODUCTS_BETWEEN_CHECKS / Math.max(width, 1)));
  const [ofRow, ofMiddle] = transposed ? [1, 0] : [0, 1];
  for (let index = 0; index < data.length; index++) {
    const [row, middle] = [numbers[2 * index + ofRow] as number, numbers[2 * index + ofMiddle] as number];
    if (index % between === 0) {
      clock?.expectTime();
    }
    for (let column = 0; column < width; column++) {
      const place = row * width + column;
      sums[place] = (Number(sums[place]) + Number(data[index]) * at(middle, column)) as never;
    }
  }
  return sums;
}
