import { type DataType, isNumberData, type Tensor } from "@sealserve/protocol";

export type NumberData = Extract<Tensor["data"], ArrayBufferView>;

/** Up to this size an array is copied into a parcel, bytes: to move its buffer would cost more. */
const SMALL = 1 << 13;

/** A tensor as it crosses between threads: few arrays, of which large ones are moved and not copied. */
export interface PackedTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: NumberData | PackedStrings;
}

/** Byte strings one after the other, and where each ends. */
export interface PackedStrings {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Float64Array<ArrayBuffer>;
}

/** A copy of the tensor, to be moved. */
export function packCopy({ dtype, shape, data }: Tensor): PackedTensor {
  return { dtype, shape, data: isNumberData(data) ? data.slice() : packStrings(data) };
}

/** The tensor itself, which must not change any more. If it is large it is moved, but copied all the same from a part of a buffer. */
export function packOwned(tensor: Tensor): PackedTensor {
  const { dtype, shape, data } = tensor;
  const isWhole = isNumberData(data) && (!isMoved(data) || data.buffer.byteLength === data.byteLength);
  return isWhole ? { dtype, shape, data } : packCopy(tensor);
}

/** The tensor in its usual form. Strings share one buffer. */
export function unpackTensor({ dtype, shape, data }: PackedTensor): Tensor {
  return { dtype, shape, data: "ends" in data ? unpackStrings(data) : data };
}

/** @param pack {@link packCopy} or {@link packOwned} */
export function packTensors(
  tensors: ReadonlyMap<string, Tensor>,
  pack: (tensor: Tensor) => PackedTensor,
): Map<string, PackedTensor> {
  const packed = new Map<string, PackedTensor>();
  for (const [name, tensor] of tensors) {
    packed.set(name, pack(tensor));
  }
  return packed;
}

/** Tensors in their usual form. */
export function unpackTensors(packed: ReadonlyMap<string, PackedTensor>): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of packed) {
    tensors.set(name, unpackTensor(tensor));
  }
  return tensors;
}

/** Whether an array is moved by itself, not copied into the values of a parcel. */
export function isMoved({ byteLength }: NumberData): boolean {
  return byteLength > SMALL;
}

/** The buffers to move with tensors, each once: two outputs may be one array. */
export function buffersOf(tensors: ReadonlyMap<string, PackedTensor>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors.values()) {
    for (const array of "ends" in data ? [data.bytes, data.ends] : [data]) {
      if (isMoved(array)) {
        buffers.add(array.buffer as ArrayBuffer);
      }
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
