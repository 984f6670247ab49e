import type { Tensor } from "../tensor/tensor.ts";
import type { ElementFormat } from "./element-format.ts";
import type { JsonWriter } from "./json/writer.ts";

/**
 * Writes part of a tensor as lists in lists.
 * @param dimension the outermost dimension to write; those before it are fixed by `from`
 * @param from index of the first element
 */
export function writeTensor(
  writer: JsonWriter,
  tensor: Tensor,
  format: ElementFormat,
  dimension: number,
  from: number,
): void {
  const size = tensor.shape[dimension];
  if (size === undefined) {
    writer.raw(format(from));
    return;
  }
  const step = elementsFrom(tensor, dimension + 1);
  writer.startList();
  for (let index = 0; index < size; index++) {
    writeTensor(writer, tensor, format, dimension + 1, from + index * step);
  }
  writer.end();
}

/** Elements that one index in each dimension before `dimension` stands for. */
export function elementsFrom(tensor: Tensor, dimension: number): number {
  let product = 1;
  for (let index = dimension; index < tensor.shape.length; index++) {
    product *= tensor.shape[index] as number;
  }
  return product;
}
