import type { WireReader } from "./wire-reader.ts";
import { wireTypes } from "./wire-type.ts";
import type { WireWriter } from "./wire-writer.ts";

/** TypeScript type of each protobuf scalar. 64-bit integers are bigint: a number cannot hold them all. */
export interface ScalarTypes {
  double: number;
  float: number;
  int32: number;
  int64: bigint;
  uint32: number;
  uint64: bigint;
  sint32: number;
  sint64: bigint;
  fixed32: number;
  fixed64: bigint;
  sfixed32: number;
  sfixed64: bigint;
  bool: boolean;
  string: string;
  bytes: Uint8Array;
}

/** Protobuf scalar types by their names in .proto files. */
export type ScalarName = keyof ScalarTypes;

/** How one kind of value is read, written and left out. */
export interface ValueCodec<V> {
  readonly wireType: number;
  /** What a field without presence holds when it is not on the wire. */
  readonly initial: V;
  /** @param current the value the field already had: a message is merged into it, as protobuf demands */
  read(reader: WireReader, current?: V): V;
  write(writer: WireWriter, value: V): void;
  /** Whether a field without presence is left out when it holds `value`. */
  isDefault(value: V): boolean;
}

type NumberName = { [N in ScalarName]: ScalarTypes[N] extends number ? N : never }[ScalarName];
type BigintName = { [N in ScalarName]: ScalarTypes[N] extends bigint ? N : never }[ScalarName];

function numberCodec(name: NumberName, wireType: number): ValueCodec<number> {
  return {
    wireType,
    initial: 0,
    read: (reader) => reader[name](),
    write: (writer, value) => writer[name](value),
    isDefault: (value) => Object.is(value, 0),
  };
}

function bigintCodec(name: BigintName, wireType: number): ValueCodec<bigint> {
  return {
    wireType,
    initial: 0n,
    read: (reader) => reader[name](),
    write: (writer, value) => writer[name](value),
    isDefault: (value) => value === 0n,
  };
}

/** Codec of every scalar type. */
export const scalarCodecs: { readonly [N in ScalarName]: ValueCodec<ScalarTypes[N]> } = {
  double: numberCodec("double", wireTypes.fixed64),
  float: numberCodec("float", wireTypes.fixed32),
  int32: numberCodec("int32", wireTypes.varint),
  int64: bigintCodec("int64", wireTypes.varint),
  uint32: numberCodec("uint32", wireTypes.varint),
  uint64: bigintCodec("uint64", wireTypes.varint),
  sint32: numberCodec("sint32", wireTypes.varint),
  sint64: bigintCodec("sint64", wireTypes.varint),
  fixed32: numberCodec("fixed32", wireTypes.fixed32),
  fixed64: bigintCodec("fixed64", wireTypes.fixed64),
  sfixed32: numberCodec("sfixed32", wireTypes.fixed32),
  sfixed64: bigintCodec("sfixed64", wireTypes.fixed64),
  bool: {
    wireType: wireTypes.varint,
    initial: false,
    read: (reader) => reader.bool(),
    write: (writer, value) => writer.bool(value),
    isDefault: (value) => !value,
  },
  string: {
    wireType: wireTypes.lengthDelimited,
    initial: "",
    read: (reader) => reader.string(),
    write: (writer, value) => writer.string(value),
    isDefault: (value) => value === "",
  },
  bytes: {
    wireType: wireTypes.lengthDelimited,
    initial: new Uint8Array(0),
    read: (reader) => reader.bytes(),
    write: (writer, value) => writer.bytes(value),
    isDefault: (value) => value.length === 0,
  },
};
