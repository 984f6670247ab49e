import { ServingError, type Tensor } from "@sealserve/protocol";
import type { Tensors } from "./batch-task.ts";
import { sliceRows } from "./tensor-rows.ts";

/**
 * Checks that every output of a batch has a row for each of its rows.
 *
 * @throws ServingError `FAILED_PRECONDITION` with TensorFlow Serving's messages
 */
export function checkOutputs(outputs: Tensors, rows: number): void {
  for (const { shape } of outputs.values()) {
    if (shape.length === 0) {
      throw new ServingError("FAILED_PRECONDITION", "Batched output tensor has 0 dimensions");
    }
    if (shape[0] !== rows) {
      throw new ServingError(
        "FAILED_PRECONDITION",
        "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors",
      );
    }
  }
}

/** Some rows of every tensor, over memory of their own: no requester's answer shares bytes with another's (threat E3). */
export function sliceAll(tensors: Tensors, start: number, end: number): Map<string, Tensor> {
  return new Map(Array.from(tensors, ([name, tensor]) => [name, sliceRows(tensor, start, end)]));
}
