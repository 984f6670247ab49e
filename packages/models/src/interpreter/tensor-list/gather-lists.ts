import { type DataType, elementCount, invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { rowsOf } from "../rows.ts";
import { unset } from "./make-lists.ts";
import { isWhole, mergeShapes, type PartialShape, readPartialShape } from "./partial-shape.ts";
import { commonShape, listOf, makeList, stackItems, type TensorList } from "./tensor-list.ts";

/** TensorListGather: some elements, in the order of the indices, as one tensor. */
export const gatherList: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  return {
    outputs: [dtype],
    run: ([handle, indices, elementShape]) => {
      const list = listOf(handle, dtype);
      const items = indicesOf(indices).map((index) => list.items[expectBelow(index, list.items.length)]);
      return [stackItems(items, dtype, commonShape(list, readPartialShape(elementShape as Tensor)))];
    },
  };
};

/** TensorListScatterIntoExistingList: the list with the entries of a tensor along its first axis in some places. */
export const scatterIntoList: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  return {
    outputs: ["variant"],
    run: ([handle, tensor, indices]) => {
      const list = listOf(handle, dtype);
      return [makeList(list, scattered(list, tensor as Tensor, indicesOf(indices)))];
    },
  };
};

function scattered(list: TensorList, tensor: Tensor, indices: readonly number[]): (Tensor | undefined)[] {
  if (tensor.shape.length === 0 || tensor.shape[0] !== indices.length) {
    throw invalidArgument(
      `Expected len(indices) == values.shape[0], but saw: ${indices.length} vs. ${tensor.shape[0]}`,
    );
  }
  mergeShapes(list.elementShape, tensor.shape.slice(1));
  const length = indices.reduce((most, index) => Math.max(most, index + 1), list.items.length);
  if (length > list.items.length && list.grows === false) {
    throw invalidArgument(`Max scatter index must be < array size (${length - 1} vs. ${list.items.length})`);
  }
  const items = [...list.items, ...unset(length - list.items.length)];
  for (const [place, row] of rowsOf(tensor).entries()) {
    items[expectBelow(indices[place] as number, length)] = row;
  }
  return items;
}

/** TensorListSplit: a list of parts of a tensor, of so many entries each. */
export const splitIntoList: MakeKernel = (operation) => {
  const elementType = operation.type("element_dtype");
  return {
    outputs: ["variant"],
    run: ([tensor, elementShape, lengths]) => {
      const shape = readPartialShape(elementShape as Tensor);
      return [makeList({ elementType, elementShape: shape }, parts(tensor as Tensor, indicesOf(lengths), shape))];
    },
  };
};

function parts({ dtype, shape, data }: Tensor, lengths: readonly number[], elementShape: PartialShape): Tensor[] {
  const [rows = 0, ...rowShape] = shape;
  const sum = lengths.reduce((total, length) => total + length, 0);
  if (shape.length === 0 || sum !== rows || lengths.some((length) => length < 0)) {
    throw invalidArgument(`Expected sum of lengths to be equal to values.shape[0], but sum of lengths is ${sum}`);
  }
  const each = elementCount(rowShape);
  let start = 0;
  return lengths.map((length) => {
    const [from, to] = [start * each, (start + length) * each];
    start += length;
    mergeShapes(elementShape, [length, ...rowShape]);
    const part = isNumberData(data) ? data.subarray(from, to) : data.slice(from, to);
    return { dtype, shape: [length, ...rowShape], data: part };
  });
}

/** TensorListConcat: all elements behind each other along their first axis, and how many entries each has. */
export const concatList: MakeKernel = (operation) => {
  const dtype = operation.type("element_dtype");
  const rowShape = operation.shape("element_shape");
  return { outputs: [dtype, "int64"], run: ([handle]) => concatenate(listOf(handle, dtype), dtype, rowShape) };
};

/** @param rowShape of the elements' entries */
function concatenate({ items }: TensorList, dtype: DataType, rowShape: PartialShape): Tensor[] {
  const given = items.map((item) => {
    if (item === undefined || item.shape.length === 0) {
      throw invalidArgument("Concat saw an element of a list that has not been set, or has no axes");
    }
    return item;
  });
  const shape = given.reduce<PartialShape>((known, item) => mergeShapes(known, item.shape.slice(1)), rowShape);
  if (!isWhole(shape)) {
    throw invalidArgument("Tried to concatenate elements of a list whose element shape is not fully defined");
  }
  const lengths = given.map((item) => item.shape[0] as number);
  const rows = lengths.reduce((total, length) => total + length, 0);
  const each = elementCount(shape);
  new OutputBudget().take(dtype, rows * each);
  const elements = makeElements(dtype, rows * each);
  given.reduce((start, item) => {
    elements.set(item.data, start);
    return start + item.data.length;
  }, 0);
  return [
    { dtype, shape: [rows, ...shape], data: elements.data },
    { dtype: "int64", shape: [lengths.length], data: BigInt64Array.from(lengths, BigInt) },
  ];
}

function indicesOf(tensor: Tensor | undefined): number[] {
  return tensor !== undefined && isNumberData(tensor.data)
    ? Array.from<number | bigint, number>(tensor.data, Number)
    : [];
}

/** @throws ServingError `INVALID_ARGUMENT` */
function expectBelow(index: number, length: number): number {
  if (index < 0 || index >= length) {
    throw invalidArgument(`Trying to access element ${index} in a list with ${length} elements.`);
  }
  return index;
}
