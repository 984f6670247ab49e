import { type DataType, invalidArgument, ServingError, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { rowsOf } from "../rows.ts";
import { wholeNumber } from "../scalar.ts";
import { ITEM_BYTES } from "../tensor-size.ts";
import { mergeShapes, type PartialShape, readPartialShape } from "./partial-shape.ts";
import { makeList, type TensorList } from "./tensor-list.ts";

/** Entries that a list may be made with. */
const MAX_LENGTH = 2 ** 24;

/** TensorListReserve: a list of a length, of which no element is set. */
export const reserveList: MakeKernel = (operation) =>
  maker(operation, (elementType, [elementShape, length]) => {
    const count = wholeNumber(length, "The num_elements to reserve");
    return makeList({ elementType, elementShape: readPartialShape(elementShape as Tensor) }, unset(count));
  });

/** TensorArrayV3: an array of a length, of which no element is set, and which may grow if its node says so. */
export const newArray: MakeKernel = (operation) => {
  const kind = {
    elementType: operation.type("dtype"),
    elementShape: operation.shape("element_shape"),
    grows: operation.flag("dynamic_size", false),
  };
  const run = ([size]: readonly Tensor[]): Tensor[] => [
    makeList(kind, unset(wholeNumber(size, "The size of an array"))),
  ];
  return { outputs: ["variant"], run };
};

/** EmptyTensorList: a list without elements; to how many it may grow is not enforced, as in TensorFlow's own graphs. */
export const emptyList: MakeKernel = (operation) =>
  maker(operation, (elementType, [elementShape]) => {
    return makeList({ elementType, elementShape: readPartialShape(elementShape as Tensor) }, []);
  });

/** TensorListFromTensor: the entries of a tensor along its first axis. */
export const listFromTensor: MakeKernel = (operation) =>
  maker(operation, (elementType, [tensor, elementShape]) => {
    const given = tensor as Tensor;
    if (given.shape.length === 0) {
      throw invalidArgument("Tensor must be at least a vector, but saw shape: []");
    }
    new OutputBudget().takeBytes((given.shape[0] ?? 0) * ITEM_BYTES);
    const shape = mergeShapes(readPartialShape(elementShape as Tensor), given.shape.slice(1));
    return makeList({ elementType, elementShape: shape }, rowsOf(given));
  });

/** A list of the entries of a tensor along its first axis, which are known to fit. */
export function rowsAsList(elementType: DataType, elementShape: PartialShape): Kernel {
  const run = ([tensor]: readonly Tensor[]): Tensor[] => [
    makeList({ elementType, elementShape }, rowsOf(tensor as Tensor)),
  ];
  return { outputs: ["variant"], run };
}

/** @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED` */
export function unset(count: number): undefined[] {
  if (count < 0) {
    throw invalidArgument(`The length of a list must be at least 0, not ${count}`);
  }
  if (count > MAX_LENGTH) {
    throw new ServingError("RESOURCE_EXHAUSTED", `A list of ${count} tensors would be too long`, {
      expected: `at most ${MAX_LENGTH}`,
    });
  }
  return Array.from({ length: count }, () => undefined);
}

function maker(
  operation: NodeOperation<KnownInput>,
  make: (elementType: DataType, inputs: readonly Tensor[]) => TensorList,
): Kernel {
  const elementType = operation.type("element_dtype");
  return { outputs: ["variant"], run: (inputs) => [make(elementType, inputs)] };
}
