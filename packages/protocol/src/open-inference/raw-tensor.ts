import { defaultWireLimits } from "../protobuf/limits.ts";
import { littleEndianBytes } from "../protobuf/little-endian.ts";
import { invalidArgument } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import { numbersFromContent } from "../tensor/decode.ts";
import { elementCount, isNumberData, type Tensor } from "../tensor/tensor.ts";

const LENGTH_BYTES = 4;

/** How many byte strings the tensors of one request may have in raw form: each becomes an object. */
export class StringBudget {
  #left: number;

  constructor(maxElements = defaultWireLimits.maxElements) {
    this.#left = maxElements;
  }

  /** Notes `count` strings before they are made. @throws ServingError INVALID_ARGUMENT when there are too many */
  take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) {
      throw invalidArgument("The request has too many elements in BYTES tensors");
    }
  }
}

/**
 * A tensor in raw form: little-endian elements in row-major order, or for byte strings a 32-bit length and the bytes of
 * each. Numbers are copied; strings are views into `bytes`.
 * @throws ServingError INVALID_ARGUMENT, ProtocolError `bad-tensor`, `bad-shape` when they do not fit the shape
 */
export function decodeRawTensor(
  dtype: DataType,
  shape: readonly number[],
  bytes: Uint8Array,
  strings: StringBudget,
): Tensor {
  const count = elementCount(shape);
  const data = dtype === "string" ? decodeByteStrings(bytes, count, strings) : numbersFromContent(bytes, dtype, count);
  return { dtype, shape, data };
}

/** The reverse of {@link decodeRawTensor}; a view where the data are that already. */
export function encodeRawTensor({ data }: Tensor): Uint8Array {
  return isNumberData(data) ? littleEndianBytes(data) : encodeByteStrings(data);
}

function decodeByteStrings(bytes: Uint8Array, count: number, budget: StringBudget): Uint8Array[] {
  if (count * LENGTH_BYTES > bytes.length) {
    throw invalidArgument("A BYTES tensor in raw form is shorter than its shape");
  }
  budget.take(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: Uint8Array[] = [];
  let offset = 0;
  while (strings.length < count && offset + LENGTH_BYTES <= bytes.length) {
    const start = offset + LENGTH_BYTES;
    offset = start + view.getUint32(offset, true);
    strings.push(bytes.subarray(start, offset));
  }
  if (strings.length !== count || offset !== bytes.length) {
    throw invalidArgument("The lengths in a BYTES tensor in raw form do not add up to its size");
  }
  return strings;
}

function encodeByteStrings(strings: readonly Uint8Array[]): Uint8Array {
  const length = strings.reduce((sum, text) => sum + LENGTH_BYTES + text.length, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const text of strings) {
    view.setUint32(offset, text.length, true);
    bytes.set(text, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + text.length;
  }
  return bytes;
}
