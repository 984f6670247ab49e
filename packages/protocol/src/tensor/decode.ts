import { ProtocolError } from "../errors.ts";
import type { WireLimits } from "../protobuf/limits.ts";
import { copyLittleEndian, type NumberArray } from "../protobuf/little-endian.ts";
import { WireReader } from "../protobuf/wire-reader.ts";
import { FillBudget } from "./budget.ts";
import { type DataType, dataTypeFromNumber } from "./data-type.ts";
import { EncodedTensor } from "./encoded-tensor.ts";
import { arrayTypeOf, makeNumbers, storageOf } from "./storage.ts";
import { decodeStringContent } from "./string-content.ts";
import { elementCount, type Tensor } from "./tensor.ts";

/** Limits for {@link decodeTensor}. */
export interface TensorLimits extends WireLimits {
  /** Shared by the tensors of one message; a new one by default. */
  readonly fill: FillBudget;
}

const STRING_REFERENCE_BYTES = 8;

/**
 * The tensor in an encoded `tensorflow.TensorProto`. Content bytes are used when there are any, else the typed values,
 * of which the last one is repeated up to the size of the shape; no values at all are zeros or empty strings. Numbers are
 * copied into arrays of exactly their size; strings are views into `bytes`.
 * @throws ProtocolError for anything else
 */
export function decodeTensor(bytes: Uint8Array, limits: Partial<TensorLimits> = {}): Tensor {
  const reader = new WireReader(bytes, limits);
  const encoded = new EncodedTensor();
  encoded.readFields(reader);
  return tensorOf(encoded, reader, limits.fill ?? new FillBudget());
}

/**
 * The tensor that `encoded` stands for.
 * @param reader where it was read from; its limit on elements applies to strings
 */
export function tensorOf(encoded: EncodedTensor, reader: WireReader, fill: FillBudget): Tensor {
  const dtype = dataTypeFromNumber(encoded.dtype);
  if (dtype === undefined) {
    throw new ProtocolError("unsupported-dtype", "tensor has a data type that is not known", {
      actual: `${encoded.dtype}`,
    });
  }
  const shape = shapeOf(encoded);
  const count = elementCount(shape);
  const isString = storageOf(dtype).list.kind === "strings";
  const data = isString ? stringsOf(encoded, count, reader, fill) : numbersOf(encoded, dtype, count, fill);
  return { dtype, shape, data };
}

function shapeOf({ sizes, unknownRank }: EncodedTensor): number[] {
  if (unknownRank) {
    throw new ProtocolError("bad-shape", "a tensor with values must have a known rank");
  }
  return sizes;
}

function stringsOf(encoded: EncodedTensor, count: number, reader: WireReader, fill: FillBudget): Uint8Array[] {
  if (encoded.content !== undefined && encoded.content.length > 0) {
    reader.countElements(count);
    return decodeStringContent(encoded.content, count);
  }
  const strings = encoded.strings.slice(0, count);
  const missing = count - strings.length;
  if (missing === 0) {
    return strings;
  }
  fill.take(missing * STRING_REFERENCE_BYTES);
  const repeated = strings.at(-1) ?? new Uint8Array(0);
  return strings.concat(Array.from({ length: missing }, () => repeated));
}

function numbersOf(encoded: EncodedTensor, dtype: DataType, count: number, fill: FillBudget): NumberArray {
  const length = count * storageOf(dtype).width;
  if (encoded.content !== undefined && encoded.content.length > 0) {
    return numbersFromContent(encoded.content, dtype, length);
  }
  const values = typedValues(encoded, dtype);
  return values.length === length ? values : fitNumbers(values, dtype, length, fill);
}

/**
 * Numbers from little-endian bytes in row-major order, as `tensor_content` has them. A copy.
 * @param length array entries
 * @throws ProtocolError `bad-tensor` when the bytes are more or fewer
 */
export function numbersFromContent(content: Uint8Array, dtype: DataType, length: number): NumberArray {
  const size = arrayTypeOf(dtype).BYTES_PER_ELEMENT;
  if (content.length !== length * size) {
    throw new ProtocolError("bad-tensor", "tensor content does not have the size of its shape", {
      expected: `${length * size} bytes`,
      actual: `${content.length} bytes`,
    });
  }
  const data = makeNumbers(dtype, length);
  copyLittleEndian(content, data);
  if (dtype === "bool") {
    normaliseBooleans(data);
  }
  return data;
}

/** Any byte but 0 is true. */
function normaliseBooleans(data: NumberArray): void {
  for (let index = 0; index < data.length; index++) {
    data[index] = data[index] === 0 ? 0 : 1;
  }
}

/** The values as sent, in the array kind of the type: small integers come as 32-bit ones. */
function typedValues(encoded: EncodedTensor, dtype: DataType): NumberArray {
  const { list } = storageOf(dtype);
  const sent = list.kind === "numbers" ? encoded.lists?.get(list.fieldNumber)?.finish() : encoded.float8?.slice();
  if (sent === undefined) {
    return makeNumbers(dtype, 0);
  }
  if (sent.constructor === arrayTypeOf(dtype)) {
    return sent;
  }
  const narrowed = makeNumbers(dtype, sent.length);
  copyNumbers(sent, narrowed);
  return narrowed;
}

function copyNumbers(source: NumberArray, target: NumberArray): void {
  for (let index = 0; index < target.length; index++) {
    target[index] = source[index] as number;
  }
}

/** `values` cut to `length`, or filled up with the last element. */
function fitNumbers(values: NumberArray, dtype: DataType, length: number, fill: FillBudget): NumberArray {
  if (values.length >= length) {
    const cut = makeNumbers(dtype, length);
    copyRange(values, cut, length);
    return cut;
  }
  const { width } = storageOf(dtype);
  const whole = values.length - (values.length % width);
  fill.take((length - whole) * values.BYTES_PER_ELEMENT);
  const filled = makeNumbers(dtype, length);
  copyRange(values, filled, whole);
  if (whole > 0) {
    for (let index = whole; index < length; index++) {
      filled[index] = filled[index - width] as number;
    }
  }
  return filled;
}

function copyRange(source: NumberArray, target: NumberArray, length: number): void {
  const bytes = new Uint8Array(source.buffer, source.byteOffset, length * source.BYTES_PER_ELEMENT);
  new Uint8Array(target.buffer).set(bytes);
}
