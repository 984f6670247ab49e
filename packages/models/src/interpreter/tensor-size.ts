import { isNumberData, type Tensor } from "@sealserve/protocol";

/** Of a string or an entry of a list, besides what is in it. */
const REFERENCE_BYTES = 8;
/** Of a tensor in a list, besides its data: it points to a part of larger data. */
export const ITEM_BYTES = 256;

/** A tensor that knows the bytes of memory that it takes, such as a list. */
export interface SizedTensor extends Tensor {
  readonly bytes: number;
}

/** Bytes of memory that a tensor takes. Data that it shares with others count in full. */
export function sizeInMemory(tensor: Tensor | SizedTensor): number {
  if ("bytes" in tensor) {
    return tensor.bytes;
  }
  const { data } = tensor;
  return isNumberData(data) ? data.byteLength : data.reduce((total, { length }) => total + length + REFERENCE_BYTES, 0);
}

/** Bytes of memory that several tensors take, some of which may be missing. */
export function sizeOfAll(tensors: readonly (Tensor | undefined)[]): number {
  return tensors.reduce(
    (total, tensor) => total + REFERENCE_BYTES + (tensor === undefined ? 0 : ITEM_BYTES + sizeInMemory(tensor)),
    0,
  );
}
