import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

/**
 * The elements of a tensor of whole numbers.
 * @param what names it in messages
 * @throws ServingError `INVALID_ARGUMENT` when one cannot be counted exactly
 */
export function integersOf(tensor: Tensor | undefined, what: string): number[] {
  const numbers =
    tensor !== undefined && isNumberData(tensor.data) ? Array.from<number | bigint, number>(tensor.data, Number) : [];
  if (tensor === undefined || numbers.length !== tensor.data.length || !numbers.every(Number.isSafeInteger)) {
    throw invalidArgument(`${what} must be whole numbers`);
  }
  return numbers;
}

/** {@link integersOf} for a vector. */
export function integerVector(tensor: Tensor | undefined, what: string): number[] {
  if (tensor?.shape.length !== 1) {
    throw invalidArgument(`${what} must be a vector, not of shape [${tensor?.shape.join(",")}]`);
  }
  return integersOf(tensor, what);
}

/** A tensor of 64-bit whole numbers. */
export function int64Tensor(shape: readonly number[], values: readonly number[]): Tensor {
  return { dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) };
}

/** A tensor of whole numbers of 32 or 64 bits. */
export function indexTensor(dtype: "int32" | "int64", shape: readonly number[], values: readonly number[]): Tensor {
  return dtype === "int64" ? int64Tensor(shape, values) : { dtype, shape, data: Int32Array.from(values) };
}
