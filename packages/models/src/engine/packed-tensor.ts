import { type DataType, isNumberData, type Tensor } from "@sealserve/protocol";

type NumberData = Extract<Tensor["data"], ArrayBufferView>;

/** A tensor as it crosses between threads: few buffers, which are moved and not copied. */
export interface PackedTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: NumberData | PackedStrings;
}

/** Byte strings one after the other, and where each ends. */
interface PackedStrings {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Float64Array<ArrayBuffer>;
}

/** A copy of the tensor, to be moved. */
export function packCopy({ dtype, shape, data }: Tensor): PackedTensor {
  return { dtype, shape, data: isNumberData(data) ? data.slice() : packStrings(data) };
}

/** The tensor itself, to be moved: it is of no use here afterwards. Numbers in a part of a buffer are copied all the same. */
export function packOwned(tensor: Tensor): PackedTensor {
  const { dtype, shape, data } = tensor;
  const ownsBuffer = isNumberData(data) && data.buffer.byteLength === data.byteLength;
  return ownsBuffer ? { dtype, shape, data } : packCopy(tensor);
}

/** The tensor in its usual form. Strings share one buffer. */
export function unpackTensor({ dtype, shape, data }: PackedTensor): Tensor {
  return { dtype, shape, data: "ends" in data ? unpackStrings(data) : data };
}

/** The buffers to move with tensors, each once: two outputs may be one array. */
export function buffersOf(tensors: ReadonlyMap<string, PackedTensor>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors.values()) {
    for (const { buffer } of "ends" in data ? [data.bytes, data.ends] : [data]) {
      buffers.add(buffer as ArrayBuffer);
    }
  }
  return [...buffers];
}

function packStrings(strings: readonly Uint8Array[]): PackedStrings {
  const ends = new Float64Array(strings.length);
  let end = 0;
  for (const [index, { length }] of strings.entries()) {
    end += length;
    ends[index] = end;
  }
  const bytes = new Uint8Array(end);
  for (const [index, string] of strings.entries()) {
    bytes.set(string, (ends[index] as number) - string.length);
  }
  return { bytes, ends };
}

function unpackStrings({ bytes, ends }: PackedStrings): Uint8Array[] {
  let start = 0;
  return Array.from(ends, (end) => {
    const string = bytes.subarray(start, end);
    start = end;
    return string;
  });
}
