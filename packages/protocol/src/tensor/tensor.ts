import { ProtocolError } from "../errors.ts";
import type { NumberArray } from "../protobuf/little-endian.ts";
import type { DataType } from "./data-type.ts";
import { storageOf } from "./storage.ts";

/**
 * Elements of a tensor in row-major order. Strings are byte strings; `bool` is bytes 0 and 1; `float16`, `bfloat16` and the
 * 8-bit floats are their bits in unsigned integers; complex numbers are pairs of real and imaginary part, so that
 * the array is twice as long as the tensor has elements.
 */
export type TensorData = NumberArray | readonly Uint8Array[];

/** A dense tensor. The shape `[]` is a scalar. */
export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** TensorFlow's limit on the number of dimensions. */
export const MAX_RANK = 254;

/** Whether a tensor's data are numbers, not strings. */
export function isNumberData(data: TensorData): data is NumberArray {
  return ArrayBuffer.isView(data);
}

/**
 * Number of elements of a shape.
 * @throws ProtocolError `bad-shape` for a dimension that is negative or no integer, a product that cannot be counted
 *   exactly (zero dimensions left aside), or more than 254 dimensions
 */
export function elementCount(shape: readonly number[]): number {
  if (shape.length > MAX_RANK) {
    throw new ProtocolError("bad-shape", "tensor has too many dimensions", { expected: `at most ${MAX_RANK}` });
  }
  let product = 1;
  let empty = false;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ProtocolError("bad-shape", "a tensor dimension is not a whole number from 0 on", { actual: `${size}` });
    }
    empty ||= size === 0;
    product *= size === 0 ? 1 : size;
    if (!Number.isSafeInteger(product)) {
      throw new ProtocolError("bad-shape", "tensor has more elements than can be counted");
    }
  }
  return empty ? 0 : product;
}

/**
 * Checks that a tensor's data have the kind and the length that its type and shape ask for.
 * @throws ProtocolError `bad-shape`, `bad-tensor`, `unsupported-dtype`
 */
export function checkTensor(tensor: Tensor): void {
  const storage = storageOf(tensor.dtype);
  const expected = elementCount(tensor.shape) * storage.width;
  if (storage.list.kind === "strings" ? isNumberData(tensor.data) : !sameKind(tensor)) {
    throw new ProtocolError("bad-tensor", `data are of the wrong kind for a tensor of type ${tensor.dtype}`);
  }
  if (tensor.data.length !== expected) {
    throw new ProtocolError("bad-tensor", "data do not have the length that the shape asks for", {
      expected: `${expected}`,
      actual: `${tensor.data.length}`,
    });
  }
}

function sameKind({ dtype, data }: Tensor): boolean {
  return isNumberData(data) && data.constructor === storageOf(dtype).array;
}
