import { isNumberData, type Tensor } from "@sealserve/protocol";
import type { PaddingRules } from "./batch-rules.ts";
import type { BatchTask, Tensors } from "./batch-task.ts";
import { largestRow, padDimensions } from "./pad-dimensions.ts";
import { mergeRows } from "./tensor-rows.ts";

/** What padding may add to a batch, bytes: requesters choose the sizes that are padded (threat E1). */
export const MAX_PADDING_BYTES = 1 << 28;
/** Of a string that is a reference to bytes kept elsewhere. */
const REFERENCE_BYTES = 8;

/** The inputs of a batch. */
export interface MergedInputs {
  readonly inputs: Tensors;
  /** Rows, padding included. */
  readonly size: number;
}

/**
 * Puts the inputs of tasks together, in order.
 *
 * @param names inputs that every task has
 * @returns undefined when padding would add too much
 */
export function mergeInputs(
  tasks: readonly BatchTask[],
  names: readonly string[],
  { allowedSizes, padVariableLength }: PaddingRules,
): MergedInputs | undefined {
  const rows = tasks.reduce((sum, task) => sum + task.rows, 0);
  const size = allowedSizes.find((allowed) => allowed >= rows) ?? rows;
  const [only] = tasks;
  if (tasks.length === 1 && only !== undefined && size === rows) {
    return { inputs: only.inputs, size };
  }
  const columns = names.map((name) => tasks.map(({ inputs }) => inputs.get(name) as Tensor));
  const added = columns.reduce((sum, tensors) => sum + paddingBytes(tensors, size), 0);
  if (added > MAX_PADDING_BYTES) {
    return undefined;
  }
  const merged = columns.map((tensors) => mergeRows(padVariableLength ? padAll(tensors) : tensors, size));
  return { inputs: new Map(names.map((name, index) => [name, merged[index] as Tensor])), size };
}

function padAll(tensors: readonly Tensor[]): Tensor[] {
  const row = largestRow(tensors);
  return tensors.map((tensor) => padDimensions(tensor, row));
}

function paddingBytes(tensors: readonly Tensor[], size: number): number {
  const row = largestRow(tensors).reduce((product, dimension) => product * dimension, 1);
  const sent = tensors.reduce(
    (sum, { shape }) => sum + shape.reduce((product, dimension) => product * dimension, 1),
    0,
  );
  return (size * row - sent) * Math.max(...tensors.map(elementBytes));
}

function elementBytes({ dtype, data }: Tensor): number {
  const width = dtype === "complex64" || dtype === "complex128" ? 2 : 1;
  return isNumberData(data) ? data.BYTES_PER_ELEMENT * width : REFERENCE_BYTES;
}
