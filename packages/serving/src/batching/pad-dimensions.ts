import { isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

/** TensorFlow Serving pads tensors of at most so many dimensions. */
export const MAX_PADDED_RANK = 6;

const NO_BYTES = new Uint8Array(0);

/** Sizes of each dimension behind the first: the largest of the tensors, which are of one rank. */
export function largestRow(tensors: readonly Tensor[]): readonly number[] {
  const [first = [], ...others] = tensors.map(({ shape }) => shape.slice(1));
  return others.reduce((largest, row) => largest.map((size, index) => Math.max(size, row[index] ?? 0)), first);
}

/**
 * The tensor with every row made as large as `row`: what is added at the end of its dimensions is the tensor's own first
 * value (zero or no bytes when it has none), as in TensorFlow Serving.
 */
export function padDimensions(tensor: Tensor, row: readonly number[]): Tensor {
  const shape = [tensor.shape[0] ?? 0, ...row];
  if (shape.every((size, index) => size === tensor.shape[index])) {
    return tensor;
  }
  // Any kind of array: only elements are moved.
  const data = isNumberData(tensor.data)
    ? padElements(tensor, shape, (length) => makeNumbers(tensor.dtype, length))
    : padElements(tensor, shape, (length) => Array.from({ length }, () => NO_BYTES));
  return { dtype: tensor.dtype, shape, data };
}

function padElements<A extends Tensor["data"]>(
  tensor: Tensor,
  shape: readonly number[],
  make: (length: number) => A,
): A {
  // A complex number takes two entries: they count as one more dimension.
  const width = tensor.dtype === "complex64" || tensor.dtype === "complex128" ? 2 : 1;
  const source = tensor.data as unknown[] as readonly unknown[];
  const padded = make(shape.reduce((product, size) => product * size, width));
  const target = padded as unknown as unknown[];
  if (source.length > 0) {
    for (let index = 0; index < target.length; index++) {
      target[index] = source[index % width];
    }
  }
  const run = (tensor.shape.at(-1) ?? 1) * width;
  for (let start = 0; start < source.length; start += run) {
    const place = outerPlace(start / run, tensor.shape, shape) * (shape.at(-1) ?? 1) * width;
    for (let index = 0; index < run; index++) {
      target[place + index] = source[start + index];
    }
  }
  return padded;
}

/** Where the `index`-th innermost run of a tensor of shape `from` stands among those of shape `to`. */
function outerPlace(index: number, from: readonly number[], to: readonly number[]): number {
  let left = index;
  let place = 0;
  let stride = 1;
  for (let dimension = from.length - 2; dimension >= 0; dimension--) {
    const size = from[dimension] ?? 1;
    place += (left % size) * stride;
    left = Math.floor(left / size);
    stride *= to[dimension] ?? 1;
  }
  return place;
}
