import { ModelError } from "../errors.ts";

/**
 * Product of `dims`.
 * @param limits.name of the tensor, for messages
 * @throws ModelError `bad-onnx` for a negative dimension, `too-large` for more than `maxBytes`
 */
export function countElements(
  dims: BigInt64Array,
  { bytesEach, maxBytes, name }: { readonly bytesEach: number; readonly maxBytes: number; readonly name: string },
): number {
  if (dims.some((size) => size < 0n)) {
    throw new ModelError("bad-onnx", `tensor ${name} has a negative dimension`);
  }
  if (dims.includes(0n)) {
    return 0;
  }
  let elements = 1;
  for (const size of dims) {
    elements *= Number(size);
    if (elements * bytesEach > maxBytes) {
      throw new ModelError("too-large", `shape of tensor ${name} asks for more than ${maxBytes} bytes`);
    }
  }
  return elements;
}
