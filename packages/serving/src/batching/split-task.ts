import { ServingError, type Tensor } from "@sealserve/protocol";
import type { Tensors } from "./batch-task.ts";
import { sliceAll } from "./split-outputs.ts";
import { mergeRows } from "./tensor-rows.ts";

/**
 * Sizes of the parts of a large request: the first fills the open batch, the others batches of their own.
 *
 * @param room rows that fit into the open batch
 */
export function partSizes(rows: number, room: number, maxBatchRows: number): number[] {
  const sizes: number[] = [];
  let left = rows;
  for (let next = room > 0 ? room : maxBatchRows; left > 0; next = maxBatchRows) {
    const size = Math.min(left, next);
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** Cuts inputs into parts of the given numbers of rows. */
export function cutInputs(inputs: Tensors, sizes: readonly number[]): Tensors[] {
  let start = 0;
  return sizes.map((size) => {
    const part = sliceAll(inputs, start, start + size);
    start += size;
    return part;
  });
}

/**
 * The outputs of all parts, in order, as those of one request.
 *
 * @throws ServingError `FAILED_PRECONDITION` when parts came back padded to different sizes
 */
export function joinOutputs(parts: readonly Map<string, Tensor>[]): Map<string, Tensor> {
  const [first = new Map<string, Tensor>(), ...others] = parts;
  if (others.length === 0) {
    return first;
  }
  const joined = new Map<string, Tensor>();
  for (const name of first.keys()) {
    const tensors = parts.map((part) => part.get(name) as Tensor);
    expectSameRow(tensors);
    const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    joined.set(name, mergeRows(tensors, rows));
  }
  return joined;
}

function expectSameRow(tensors: readonly Tensor[]): void {
  if (new Set(tensors.map(({ shape }) => shape.slice(1).join())).size > 1) {
    throw new ServingError("FAILED_PRECONDITION", "The parts of a large request gave outputs of different shapes");
  }
}
