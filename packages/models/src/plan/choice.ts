import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import type { BranchStep } from "./plan.ts";

/**
 * Whether a tensor counts as true, as TensorFlow's functional control flow has it: a number that is not 0, a string that is
 * not empty, a tensor with dimensions that has elements.
 */
export function isTrue(tensor: Tensor | undefined): boolean {
  if (tensor === undefined || tensor.shape.length > 0) {
    return tensor !== undefined && tensor.data.length > 0;
  }
  const { data } = tensor;
  return isNumberData(data) ? Number(data[0]) !== 0 : (data[0]?.length ?? 0) > 0;
}

/** Position of the branch that a tensor chooses. @throws ServingError `INVALID_ARGUMENT` */
export function chosenBranch(
  tensor: Tensor | undefined,
  by: BranchStep<unknown>["chosenBy"],
  branches: number,
): number {
  if (by === "truth") {
    return isTrue(tensor) ? 0 : 1;
  }
  if (tensor?.shape.length !== 0) {
    throw invalidArgument("branch_index must be a scalar");
  }
  const index = Number(tensor.data[0]);
  return index >= 0 && index < branches ? index : branches - 1;
}
