import type { EncodedType, Field, FieldType, MessageReference } from "./declaration.ts";
import type { EnumType } from "./enumeration.ts";
import { codecOf, resolveType } from "./field.ts";
import type { ListName, ListTypes } from "./list-codec.ts";
import { NumberList, writeNumberList } from "./number-list.ts";
import type { ScalarName, ScalarTypes, ValueCodec } from "./scalar.ts";
import type { WireReader } from "./wire-reader.ts";
import { wireTypes } from "./wire-type.ts";
import type { WireWriter } from "./wire-writer.ts";

/** A list. Numbers are read packed or not, and written packed. For long lists of numbers use {@link numbers}. */
export function repeated<N extends ScalarName>(number: number, type: N): Field<readonly ScalarTypes[N][]>;
export function repeated(number: number, type: EnumType): Field<readonly number[]>;
export function repeated(number: number, type: EncodedType): Field<readonly Uint8Array[]>;
export function repeated<T>(number: number, type: MessageReference<T>): Field<readonly T[]>;
export function repeated(number: number, type: FieldType): Field<readonly unknown[]> {
  const codec = codecOf(type);
  return {
    number,
    label: "repeated",
    oneof: undefined,
    resolve: () => resolveType(type),
    initial: () => [],
    read: (reader, current) => {
      const list = Array.isArray(current) ? current : [];
      readElements(reader, codec, list);
      return list;
    },
    write: (writer, values) => writeElements(writer, number, codec, values),
  };
}

/** A list of numbers as a typed array; `bool` as bytes 0 and 1. */
export function numbers<N extends ListName>(number: number, name: N): Field<ListTypes[N]> {
  return {
    number,
    label: "repeated",
    oneof: undefined,
    resolve: () => ({ kind: "scalar", name }),
    initial: () => new NumberList(name).finish(),
    read: (reader, current) => {
      const list = current instanceof NumberList ? current : NumberList.from(name, current as ListTypes[N]);
      if (!list.read(reader)) {
        reader.skip();
      }
      return list;
    },
    finish: (collected) => (collected instanceof NumberList ? collected.finish() : collected) as ListTypes[N],
    write: (writer, values) => writeNumberList(writer, number, name, values),
  };
}

function readElements(reader: WireReader, codec: ValueCodec<unknown>, list: unknown[]): void {
  if (reader.wireType === codec.wireType) {
    reader.countElements(1);
    list.push(codec.read(reader));
  } else if (reader.wireType === wireTypes.lengthDelimited) {
    const outerEnd = reader.enter();
    while (reader.remaining > 0) {
      reader.countElements(1);
      list.push(codec.read(reader));
    }
    reader.leave(outerEnd);
  } else {
    reader.skip();
  }
}

function writeElements(
  writer: WireWriter,
  number: number,
  codec: ValueCodec<unknown>,
  values: readonly unknown[],
): void {
  if (codec.wireType !== wireTypes.lengthDelimited && values.length > 0) {
    writer.tag(number, wireTypes.lengthDelimited).delimited((inner) => {
      for (const value of values) {
        codec.write(inner, value);
      }
    });
    return;
  }
  for (const value of values) {
    codec.write(writer.tag(number, codec.wireType), value);
  }
}
