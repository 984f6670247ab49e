import type { MakeKernel } from "../kernel.ts";
import { emptyList, listFromTensor, reserveList } from "./make-lists.ts";
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
  TensorListElementShape: listElementShape,
  TensorListFromTensor: listFromTensor,
  TensorListGetItem: getItem,
  TensorListLength: listLength,
  TensorListPopBack: popBack,
  TensorListPushBack: pushBack,
  TensorListReserve: reserveList,
  TensorListResize: resizeList,
  TensorListSetItem: setItem,
  TensorListStack: stackList,
};
