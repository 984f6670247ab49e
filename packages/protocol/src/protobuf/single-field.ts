import type { EncodedType, Field, FieldType, MessageReference } from "./declaration.ts";
import type { EnumType } from "./enumeration.ts";
import { codecOf, isMessage, resolveType } from "./field.ts";
import { type ScalarName, type ScalarTypes, scalarCodecs, type ValueCodec } from "./scalar.ts";
import type { WireReader } from "./wire-reader.ts";
import { wireTypes } from "./wire-type.ts";

/**
 * A field that occurs once. A scalar or enumeration that is absent holds its default, as in proto3 without `optional`; a
 * message that is absent is undefined.
 */
export function field<N extends ScalarName>(number: number, type: N): Field<ScalarTypes[N]>;
export function field(number: number, type: EnumType): Field<number>;
export function field(number: number, type: EncodedType): Field<Uint8Array>;
export function field<T>(number: number, type: MessageReference<T>): Field<T | undefined>;
export function field(number: number, type: FieldType): Field<unknown> {
  return isMessage(type) ? presentField(number, type) : plainField(number, type);
}

/** A scalar or enumeration whose absence shows (`optional`, or proto2): undefined when it is not on the wire. */
export function optional<N extends ScalarName>(number: number, type: N): Field<ScalarTypes[N] | undefined>;
export function optional(number: number, type: EnumType): Field<number | undefined>;
export function optional(number: number, type: FieldType): Field<unknown> {
  return presentField(number, type);
}

/** A member of the oneof `group`: undefined when absent, or when a later member of the group replaced it. */
export function oneof<N extends ScalarName>(group: string, number: number, type: N): Field<ScalarTypes[N] | undefined>;
export function oneof(group: string, number: number, type: EnumType): Field<number | undefined>;
export function oneof(group: string, number: number, type: EncodedType): Field<Uint8Array | undefined>;
export function oneof<T>(group: string, number: number, type: MessageReference<T>): Field<T | undefined>;
export function oneof(group: string, number: number, type: FieldType): Field<unknown> {
  return presentField(number, type, group);
}

/**
 * A scalar inside one of the wrapper messages of google/protobuf/wrappers.proto, such as `Int64Value`: undefined when the
 * wrapper is absent.
 * @param group the oneof that the field is in, if any
 */
export function wrapped<N extends ScalarName>(
  number: number,
  type: N,
  group?: string,
): Field<ScalarTypes[N] | undefined> {
  const codec: ValueCodec<ScalarTypes[N]> = scalarCodecs[type];
  return {
    number,
    label: "optional",
    oneof: group,
    isWrapped: true,
    resolve: () => ({ kind: "scalar", name: type }),
    initial: () => undefined,
    read: (reader, current) => {
      if (reader.wireType === wireTypes.lengthDelimited) {
        return readWrapper(reader, codec, current as ScalarTypes[N] | undefined);
      }
      reader.skip();
      return current;
    },
    write: (writer, value) => {
      writer.tag(number, wireTypes.lengthDelimited).delimited((inner) => {
        if (value !== undefined && !codec.isDefault(value)) {
          codec.write(inner.tag(1, codec.wireType), value);
        }
      });
    },
  };
}

function readWrapper<V>(reader: WireReader, codec: ValueCodec<V>, current: V | undefined): V {
  let value = current ?? codec.initial;
  const outerEnd = reader.enter();
  while (reader.next()) {
    if (reader.fieldNumber === 1 && reader.wireType === codec.wireType) {
      value = codec.read(reader);
    } else {
      reader.skip();
    }
  }
  reader.leave(outerEnd);
  return value;
}

function plainField(number: number, type: FieldType): Field<unknown> {
  const codec = codecOf(type);
  return {
    ...presentField(number, type),
    label: "plain",
    initial: () => codec.initial,
    write: (writer, value) => {
      if (!codec.isDefault(value)) {
        codec.write(writer.tag(number, codec.wireType), value);
      }
    },
  };
}

function presentField(number: number, type: FieldType, group?: string): Field<unknown> {
  const codec = codecOf(type);
  return {
    number,
    label: "optional",
    oneof: group,
    resolve: () => resolveType(type),
    initial: () => undefined,
    read: (reader, current) => {
      if (reader.wireType === codec.wireType) {
        return codec.read(reader, current);
      }
      reader.skip();
      return current;
    },
    write: (writer, value) => codec.write(writer.tag(number, codec.wireType), value),
  };
}
