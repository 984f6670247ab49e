import { invalidArgument } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import { makeNumbers } from "../tensor/storage.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { datatypeName } from "./datatype.ts";
import { decodeRawTensor, StringBudget } from "./raw-tensor.ts";

/** The only input of a model, as its signature declares it. */
export interface OnlyInput {
  readonly dtype: DataType;
  /** -1 for any size; undefined for unknown rank. */
  readonly shape: readonly number[] | undefined;
}

/**
 * The tensor in a body that is nothing but its bytes (Inference-Header-Content-Length 0). One dimension may be of any size
 * and follows from the length; a byte string is the whole body, without a length in front.
 * @throws ServingError INVALID_ARGUMENT, ProtocolError `bad-tensor`
 */
export function decodeRawBody(body: Uint8Array, { dtype, shape }: OnlyInput): Tensor {
  if (shape === undefined || datatypeName(dtype) === undefined) {
    throw invalidArgument("A raw body needs an input of known rank and of a datatype of this protocol");
  }
  if (dtype === "string") {
    return { dtype, shape: fitShape(shape, 1), data: [body] };
  }
  const width = makeNumbers(dtype, 0).BYTES_PER_ELEMENT;
  return decodeRawTensor(dtype, fitShape(shape, body.length / width), body, new StringBudget());
}

/** The shape with the number of elements in the place of its one open dimension. */
function fitShape(shape: readonly number[], count: number): readonly number[] {
  const open = shape.filter((size) => size < 0).length;
  const fixed = elementCount(shape.filter((size) => size >= 0));
  const size = open === 0 ? 1 : count / fixed;
  if (open > 1 || fixed === 0 || !Number.isInteger(size) || size * fixed !== count) {
    throw invalidArgument("The size of the raw body does not fit the input's shape with at most one open dimension");
  }
  return shape.map((declared) => (declared < 0 ? size : declared));
}
