import { invalidArgument, type Tensor } from "@sealserve/protocol";

/**
 * The elements of a tensor of whole numbers.
 * @param what names it in messages
 * @throws ServingError `INVALID_ARGUMENT` when one cannot be counted exactly
 */
export function integersOf(tensor: Tensor | undefined, what: string): number[] {
  const numbers: number[] = [];
  for (const element of tensor?.data ?? []) {
    const number = typeof element === "object" ? Number.NaN : Number(element);
    if (!Number.isSafeInteger(number)) {
      throw invalidArgument(`${what} must be whole numbers`);
    }
    numbers.push(number);
  }
  if (tensor === undefined) {
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
  const data = new BigInt64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    data[index] = BigInt(values[index] as number);
  }
  return { dtype: "int64", shape, data };
}

/** A tensor of whole numbers of 32 or 64 bits. */
export function indexTensor(dtype: "int32" | "int64", shape: readonly number[], values: readonly number[]): Tensor {
  return dtype === "int64" ? int64Tensor(shape, values) : { dtype, shape, data: Int32Array.from(values) };
}
