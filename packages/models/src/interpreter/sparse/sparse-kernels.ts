import type { MakeKernel } from "../kernel.ts";
import { fillEmptyRows } from "./fill-empty-rows.ts";
import { multiplySparse } from "./matrix-product.ts";
import { reshapeSparse } from "./reshape-sparse.ts";
import { combineSets } from "./set-operation.ts";
import { sparseToDense } from "./sparse-to-dense.ts";

/** Operations on sparse tensors. */
export const sparseKernels: Readonly<Record<string, MakeKernel>> = {
  DenseToDenseSetOperation: combineSets,
  SparseFillEmptyRows: fillEmptyRows,
  SparseTensorDenseMatMul: multiplySparse,
  SparseReshape: reshapeSparse,
  SparseToDense: sparseToDense,
};
