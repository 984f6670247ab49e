import type { WireReader } from "./wire-reader.ts";
import { wireTypes } from "./wire-type.ts";
import type { WireWriter } from "./wire-writer.ts";

/** Array that each kind of number list is read into. `bool` becomes bytes 0 and 1. */
export interface ListTypes {
  float: Float32Array<ArrayBuffer>;
  double: Float64Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  uint64: BigUint64Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
}

/** Scalars that {@link NumberList} can hold. */
export type ListName = keyof ListTypes;

/** How one kind of number list is kept, read and written. */
export interface ListCodec<A> {
  readonly make: (length: number) => A;
  readonly wireType: number;
  /** Bytes of an element; 0 for varints. */
  readonly width: number;
  readonly readAt: (reader: WireReader, target: A, index: number) => void;
  readonly writeAt: (writer: WireWriter, source: A, index: number) => void;
}

/** Codec of every kind of number list. */
export const listCodecs: { readonly [N in ListName]: ListCodec<ListTypes[N]> } = {
  float: {
    make: (length) => new Float32Array(length),
    wireType: wireTypes.fixed32,
    width: 4,
    readAt: (reader, target, index) => {
      target[index] = reader.float();
    },
    writeAt: (writer, source, index) => writer.float(source[index] as number),
  },
  double: {
    make: (length) => new Float64Array(length),
    wireType: wireTypes.fixed64,
    width: 8,
    readAt: (reader, target, index) => {
      target[index] = reader.double();
    },
    writeAt: (writer, source, index) => writer.double(source[index] as number),
  },
  int32: {
    make: (length) => new Int32Array(length),
    wireType: wireTypes.varint,
    width: 0,
    readAt: (reader, target, index) => {
      target[index] = reader.int32();
    },
    writeAt: (writer, source, index) => writer.int32(source[index] as number),
  },
  uint32: {
    make: (length) => new Uint32Array(length),
    wireType: wireTypes.varint,
    width: 0,
    readAt: (reader, target, index) => {
      target[index] = reader.uint32();
    },
    writeAt: (writer, source, index) => writer.uint32(source[index] as number),
  },
  int64: {
    make: (length) => new BigInt64Array(length),
    wireType: wireTypes.varint,
    width: 0,
    readAt: (reader, target, index) => {
      target[index] = reader.int64();
    },
    writeAt: (writer, source, index) => writer.int64(source[index] as bigint),
  },
  uint64: {
    make: (length) => new BigUint64Array(length),
    wireType: wireTypes.varint,
    width: 0,
    readAt: (reader, target, index) => {
      target[index] = reader.uint64();
    },
    writeAt: (writer, source, index) => writer.uint64(source[index] as bigint),
  },
  bool: {
    make: (length) => new Uint8Array(length),
    wireType: wireTypes.varint,
    width: 0,
    readAt: (reader, target, index) => {
      target[index] = reader.bool() ? 1 : 0;
    },
    writeAt: (writer, source, index) => writer.bool(source[index] !== 0),
  },
};
