import { formatFloat32, type Tensor } from "@sealserve/protocol";

/** A tensor as nested lists for JSON; integers beyond 2^53 as decimal text, strings as UTF-8 text. */
export type PlainValue = number | string | boolean | readonly PlainValue[];

/** The nested lists of a tensor; a scalar is its bare value. */
export function plainValue(tensor: Tensor): PlainValue {
  const elements = Array.from(tensor.data as Iterable<number | bigint | Uint8Array>, (element) =>
    plainElement(element, tensor),
  );
  return nest(elements, tensor.shape);
}

/** All tensors of a request or an answer, in the order of their names: gRPC and REST keep none. */
export function plainValues(tensors: ReadonlyMap<string, Tensor>): Record<string, PlainValue> {
  const names = [...tensors.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, plainValue(tensors.get(name) as Tensor)]));
}

function plainElement(element: number | bigint | Uint8Array, tensor: Tensor): PlainValue {
  if (element instanceof Uint8Array) {
    return Buffer.from(element).toString("utf8");
  }
  if (typeof element === "bigint") {
    return Number.isSafeInteger(Number(element)) ? Number(element) : element.toString();
  }
  if (tensor.dtype === "bool") {
    return element !== 0;
  }
  return tensor.dtype === "float32" ? Number(formatFloat32(element)) : element;
}

function nest(elements: readonly PlainValue[], shape: readonly number[]): PlainValue {
  const [size, ...inner] = shape;
  if (size === undefined) {
    return elements[0] as PlainValue;
  }
  const step = elements.length / Math.max(size, 1);
  return Array.from({ length: size }, (_, index) => nest(elements.slice(index * step, (index + 1) * step), inner));
}
