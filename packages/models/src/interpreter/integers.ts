import { invalidArgument, type Tensor } from "@sealserve/protocol";

/**
 * The elements of a tensor of whole numbers.
 * @param what names it in messages
 * @throws ServingError `INVALID_ARGUMENT` when one cannot be counted exactly
 */
export function integersOf(tensor: Tensor | undefined, what: string): number[] {
  const numbers = tensor === undefined ? [Number.NaN] : numbersOf(tensor.data);
  for (const number of numbers) {
    if (!Number.isSafeInteger(number)) {
      throw invalidArgument(`${what} must be whole numbers`);
    }
  }
  return numbers;
}

/** NaN for what is no number. */
function numbersOf(data: Tensor["data"]): number[] {
  if (data instanceof BigInt64Array && data.length >= MANY) {
    return int64sOf(data);
  }
  const numbers: number[] = [];
  for (let index = 0; index < data.length; index++) {
    const element = data[index];
    numbers.push(typeof element === "object" ? Number.NaN : Number(element));
  }
  return numbers;
}

/** From so many numbers on it pays to look at the halves of each: a `bigint` is an object. */
const MANY = 16;
const HALF = 2 ** 32;
/** Which of a number's halves comes first in memory. */
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** 64-bit whole numbers as numbers, exact where these can be. */
function int64sOf(data: BigInt64Array): number[] {
  const numbers: number[] = [];
  const halves = new Int32Array(data.buffer, data.byteOffset, 2 * data.length);
  for (let index = 0; index < halves.length; index += 2) {
    const [low, high] = [halves[index + LOW] as number, halves[index + 1 - LOW] as number];
    numbers.push(high * HALF + (low >>> 0));
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
  if (values.length < MANY) {
    for (let index = 0; index < values.length; index++) {
      data[index] = BigInt(values[index] as number);
    }
    return { dtype: "int64", shape, data };
  }
  const halves = new Int32Array(data.buffer);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (Number.isSafeInteger(value)) {
      halves[2 * index + LOW] = value;
      halves[2 * index + 1 - LOW] = Math.floor(value / HALF);
    } else {
      data[index] = BigInt(value);
    }
  }
  return { dtype: "int64", shape, data };
}

/** A tensor of whole numbers of 32 or 64 bits. */
export function indexTensor(dtype: "int32" | "int64", shape: readonly number[], values: readonly number[]): Tensor {
  return dtype === "int64" ? int64Tensor(shape, values) : { dtype, shape, data: Int32Array.from(values) };
}
