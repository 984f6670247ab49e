import type { MakeKernel } from "../kernel.ts";
import { concatList, gatherList, scatterIntoList, splitIntoList } from "./gather-lists.ts";
import { emptyList, listFromTensor, newArray, reserveList } from "./make-lists.ts";
import {
  getItem,
  listElementShape,
  listLength,
  popBack,
  pushBack,
  resizeList,
  setItem,
  stackList,
} from "./use-lists.ts";

/** Operations on lists of tensors. */
export const tensorListKernels: Readonly<Record<string, MakeKernel>> = {
  EmptyTensorList: emptyList,
  TensorArrayV3: newArray,
  TensorListConcat: concatList,
  TensorListElementShape: listElementShape,
  TensorListFromTensor: listFromTensor,
  TensorListGather: gatherList,
  TensorListGetItem: getItem,
  TensorListLength: listLength,
  TensorListPopBack: popBack,
  TensorListPushBack: pushBack,
  TensorListReserve: reserveList,
  TensorListResize: resizeList,
  TensorListScatterIntoExistingList: scatterIntoList,
  TensorListSetItem: setItem,
  TensorListSplit: splitIntoList,
  TensorListStack: stackList,
};
