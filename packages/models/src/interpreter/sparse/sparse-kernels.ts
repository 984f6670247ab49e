import type { MakeKernel } from "../kernel.ts";
import { concatSparse, reorderSparse, sliceSparse } from "./arrange-sparse.ts";
import { crossSparse, crossSparseTexts } from "./cross.ts";
import { fillEmptyRows } from "./fill-empty-rows.ts";
import { multiplySparse } from "./matrix-product.ts";
import { reduceSparseMax, reduceSparseSum } from "./reduce-sparse.ts";
import { reshapeSparse } from "./reshape-sparse.ts";
import { combineSets } from "./set-operation.ts";
import { sparseToDense } from "./sparse-to-dense.ts";

/** Operations on sparse tensors. */
export const sparseKernels: Readonly<Record<string, MakeKernel>> = {
  DenseToDenseSetOperation: combineSets,
  SparseConcat: concatSparse,
  SparseCross: crossSparse,
  SparseCrossV2: crossSparseTexts,
  SparseFillEmptyRows: fillEmptyRows,
  SparseTensorDenseMatMul: multiplySparse,
  SparseReduceMax: reduceSparseMax,
  SparseReduceSum: reduceSparseSum,
  SparseReorder: reorderSparse,
  SparseReshape: reshapeSparse,
  SparseSlice: sliceSparse,
  SparseToDense: sparseToDense,
};
