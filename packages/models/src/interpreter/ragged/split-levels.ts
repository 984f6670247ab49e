import { type DataType, invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { indexTensor } from "../integers.ts";
import { readSplits } from "./row-partitions.ts";

/** Type that row splits of an operation have. @throws ModelError `unsupported-op` */
export function splitType(dtype: DataType, operation: NodeOperation<KnownInput>): "int32" | "int64" {
  return dtype === "int32" || dtype === "int64" ? dtype : operation.refuse(`its row splits are ${dtype}`);
}

/**
 * Row splits of each ragged dimension, outermost first, checked against the values that they part.
 * @throws ServingError `INVALID_ARGUMENT`
 */
export function readLevels(tensors: readonly Tensor[], values: Tensor): number[][] {
  if (values.shape.length === 0) {
    throw invalidArgument("the values of a ragged tensor must have at least one dimension");
  }
  const types = tensors.map(() => "ROW_SPLITS" as const);
  return tensors.length === 0 ? [] : readSplits(types, tensors, values.shape[0] ?? 0);
}

/** Splits of rows that are so long. */
export function splitsOfLengths(lengths: readonly number[]): number[] {
  const splits = [0];
  for (const length of lengths) {
    splits.push((splits.at(-1) as number) + length);
  }
  return splits;
}

/** Row splits as a tensor. */
export function splitTensor(dtype: "int32" | "int64", splits: readonly number[]): Tensor {
  return indexTensor(dtype, [splits.length], splits);
}
