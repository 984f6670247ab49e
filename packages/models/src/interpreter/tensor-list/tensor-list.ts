import { type DataType, elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { OutputBudget } from "../output-budget.ts";
import { type SizedTensor, sizeOfAll } from "../tensor-size.ts";
import { isWhole, mergeShapes, type PartialShape } from "./partial-shape.ts";

const NO_DATA = new Uint8Array();

/** A list of tensors of one type: what TensorFlow keeps in a scalar of type variant. It is never changed. */
export interface TensorList extends SizedTensor {
  readonly elementType: DataType;
  readonly elementShape: PartialShape;
  /** Whether an array of TensorFlow 1 grows where something is written behind its end; undefined for a list. */
  readonly grows?: boolean | undefined;
  /** Undefined for elements that have not been set. */
  readonly items: readonly (Tensor | undefined)[];
}

export function isTensorList(tensor: Tensor): tensor is TensorList {
  return "items" in tensor;
}

/** A list of these items. */
export function makeList(
  { elementType, elementShape, grows }: Pick<TensorList, "elementType" | "elementShape" | "grows">,
  items: TensorList["items"],
): TensorList {
  const bytes = sizeOfAll(items);
  return { dtype: "variant", shape: [], data: NO_DATA, elementType, elementShape, grows, items, bytes };
}

/**
 * The list that an operation is given.
 * @throws ServingError `INVALID_ARGUMENT` for one of elements of another type than the operation says
 */
export function listOf(tensor: Tensor | undefined, elementType: DataType): TensorList {
  if (tensor === undefined || !isTensorList(tensor)) {
    throw invalidArgument("an input is not a list of tensors");
  }
  if (tensor.elementType !== elementType) {
    throw invalidArgument(`Invalid data types; op elements ${elementType} but list elements ${tensor.elementType}`);
  }
  return tensor;
}

/**
 * Shape of the elements, by what is known about the list, from the operation, and from those that are set.
 * @throws ServingError `INVALID_ARGUMENT` when these contradict each other
 */
export function commonShape({ elementShape, items }: TensorList, given: PartialShape): PartialShape {
  return items.reduce<PartialShape>(
    (shape, item) => (item === undefined ? shape : mergeShapes(shape, item.shape)),
    mergeShapes(elementShape, given),
  );
}

/**
 * Elements of one shape as one tensor; zeros for one that has not been set.
 * @throws ServingError `INVALID_ARGUMENT` when the shape is not known
 */
export function stackItems(items: TensorList["items"], dtype: DataType, shape: PartialShape): Tensor {
  if (!isWhole(shape)) {
    throw invalidArgument("Tried to stack elements of a list whose element shape is not fully defined");
  }
  const each = elementCount(shape);
  new OutputBudget().take(dtype, each * items.length);
  const elements = makeElements(dtype, each * items.length);
  for (const [index, item] of items.entries()) {
    if (item !== undefined) {
      elements.set(item.data, index * each);
    }
  }
  return { dtype, shape: [items.length, ...shape], data: elements.data };
}

/**
 * An element that has not been set: zeros.
 * @throws ServingError `INVALID_ARGUMENT` when its shape is not known
 */
export function unsetElement(dtype: DataType, shape: PartialShape): Tensor {
  if (!isWhole(shape)) {
    throw invalidArgument("Trying to read an uninitialized element of a list whose element shape is not fully defined");
  }
  const count = elementCount(shape);
  new OutputBudget().take(dtype, count);
  return { dtype, shape, data: makeElements(dtype, count).data };
}
