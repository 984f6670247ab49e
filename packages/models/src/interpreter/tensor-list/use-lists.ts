import { type DataType, invalidArgument, type Tensor } from "@sealserve/protocol";

import type { Kernel, MakeKernel } from "../kernel.ts";
import { wholeNumber } from "../scalar.ts";
import { unset } from "./make-lists.ts";
import { mergeShapes, readPartialShape } from "./partial-shape.ts";
import {
  commonShape,
  isTensorList,
  listOf,
  makeList,
  stackItems,
  type TensorList,
  unsetElement,
} from "./tensor-list.ts";

/** TensorListGetItem: one element; zeros where none has been set. */
export const getItem: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  return {
    outputs: [dtype],
    run: ([handle, position, elementShape]) => {
      const list = listOf(handle, dtype);
      const index = expectIndex(wholeNumber(position, "The index"), list);
      const item = list.items[index];
      const given = readPartialShape(elementShape as Tensor);
      if (item !== undefined) {
        mergeShapes(given, item.shape);
        return [item];
      }
      return [unsetElement(dtype, commonShape(list, given))];
    },
  };
};

/** TensorListSetItem: the list with another element in one place. */
export const setItem: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  const grows = operation.flag("resize_if_index_out_of_bounds", false);
  return {
    outputs: ["variant"],
    run: ([handle, position, item]) => {
      const list = listOf(handle, dtype);
      const at = wholeNumber(position, "The index");
      const items =
        (grows || list.grows === true) && at >= list.items.length
          ? [...list.items, ...unset(at + 1 - list.items.length)]
          : list.items;
      const index = expectIndex(at, { items });
      mergeShapes(list.elementShape, item?.shape);
      return [makeList(list, items.with(index, item))];
    },
  };
};

/** TensorListPushBack: the list with one more element. */
export const pushBack: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  return {
    outputs: ["variant"],
    run: ([handle, item]) => {
      const list = listOf(handle, dtype);
      mergeShapes(list.elementShape, item?.shape);
      return [makeList(list, [...list.items, item])];
    },
  };
};

/** TensorListPopBack: the list without its last element, and that element. */
export const popBack: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  return {
    outputs: ["variant", dtype],
    run: ([handle, elementShape]) => {
      const list = listOf(handle, dtype);
      const index = expectIndex(list.items.length - 1, list);
      const given = readPartialShape(elementShape as Tensor);
      const item = list.items[index] ?? unsetElement(dtype, commonShape(list, given));
      return [makeList(list, list.items.slice(0, index)), item];
    },
  };
};

/** TensorListStack: all elements, which are of one shape, as one tensor. */
export const stackList: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  const expected = operation.integer("num_elements", -1);
  return {
    outputs: [dtype],
    run: ([handle, elementShape]) => {
      const list = listOf(handle, dtype);
      const { length } = list.items;
      if (expected >= 0 && length !== expected) {
        throw invalidArgument(
          `Operation expected a list with ${expected} elements but got a list with ${length} elements.`,
        );
      }
      return [stackItems(list.items, dtype, commonShape(list, readPartialShape(elementShape as Tensor)))];
    },
  };
};

/** TensorListLength. */
export const listLength: MakeKernel = () => lists("int32", ({ items }) => number(items.length));

/** TensorListElementShape. */
export const listElementShape: MakeKernel = (operation) => {
  const dtype = operation.type("shape_type", "int32");
  return lists(dtype, ({ elementShape }) => {
    const sizes = elementShape ?? [-1];
    const data = dtype === "int64" ? BigInt64Array.from(sizes, BigInt) : Int32Array.from(sizes);
    return { dtype, shape: elementShape === undefined ? [] : [sizes.length], data };
  });
};

/** TensorListResize: the list, cut or with elements added that are not set. */
export const resizeList: MakeKernel = () =>
  lists("variant", (list, size) => {
    const length = wholeNumber(size, "The size");
    const added = unset(Math.max(length - list.items.length, length < 0 ? length : 0));
    return makeList(list, [...list.items.slice(0, Math.max(length, 0)), ...added]);
  });

function lists(dtype: DataType, run: (list: TensorList, other: Tensor | undefined) => Tensor): Kernel {
  return {
    outputs: [dtype],
    run: ([handle, other]) => {
      if (handle === undefined || !isTensorList(handle)) {
        throw invalidArgument("an input is not a list of tensors");
      }
      return [run(handle, other)];
    },
  };
}

function number(value: number): Tensor {
  return { dtype: "int32", shape: [], data: Int32Array.of(value) };
}

/** @throws ServingError `INVALID_ARGUMENT` */
function expectIndex(index: number, { items }: Pick<TensorList, "items">): number {
  if (index < 0 || index >= items.length) {
    throw invalidArgument(`Trying to access element ${index} in a list with ${items.length} elements.`);
  }
  return index;
}
