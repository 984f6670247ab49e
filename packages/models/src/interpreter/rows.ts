import { isNumberData, type Tensor } from "@sealserve/protocol";

/** Entries of `tensor` along its first axis, over the same data. It has at least one axis. */
export function rowsOf({ dtype, shape, data }: Tensor): Tensor[] {
  const [count = 0, ...rowShape] = shape;
  const length = count === 0 ? 0 : data.length / count;
  return Array.from({ length: count }, (_, row) => {
    const [start, end] = [row * length, (row + 1) * length];
    return { dtype, shape: rowShape, data: isNumberData(data) ? data.subarray(start, end) : data.slice(start, end) };
  });
}
