import { isNumberData, makeNumbers, type Tensor, type TensorData } from "@sealserve/protocol";

/** Data of one element of a tensor's first dimension; none of a tensor without such elements. */
function rowLength({ shape, data }: Tensor): number {
  const [rows = 0] = shape;
  return rows === 0 ? 0 : data.length / rows;
}

/** Some rows of a tensor, over memory of their own. */
export function sliceRows(tensor: Tensor, start: number, end: number): Tensor {
  const length = rowLength(tensor);
  const { dtype, shape, data } = tensor;
  return { dtype, shape: [end - start, ...shape.slice(1)], data: data.slice(start * length, end * length) };
}

/**
 * One tensor of the rows of all, in order, and behind these copies of the first row of the last one, which is how TensorFlow
 * Serving pads batches. The tensors differ in their first dimension only.
 *
 * @param size rows of the result
 */
export function mergeRows(tensors: readonly Tensor[], size: number): Tensor {
  const last = tensors.at(-1) as Tensor;
  const parts = tensors.map(({ data }) => data);
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  if (rows < size) {
    const copied = last.data.slice(0, rowLength(last));
    parts.push(...Array.from({ length: size - rows }, () => copied));
  }
  return { dtype: last.dtype, shape: [size, ...last.shape.slice(1)], data: joinData(last, parts) };
}

/** @param like a tensor of the type of all parts */
function joinData({ dtype, data }: Tensor, parts: readonly TensorData[]): TensorData {
  if (!isNumberData(data)) {
    return (parts as readonly (readonly Uint8Array[])[]).flat();
  }
  // Zeroed memory of exactly the size of the parts: nothing of other requests can be in it.
  const joined = makeNumbers(
    dtype,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let offset = 0;
  for (const part of parts) {
    (joined as Float32Array).set(part as Float32Array, offset);
    offset += part.length;
  }
  return joined;
}
