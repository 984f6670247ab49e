import type { EncodedType, Field, FieldType, MessageReference } from "./declaration.ts";
import type { EnumType } from "./enumeration.ts";
import { codecOf, resolveType } from "./field.ts";
import { type ScalarName, type ScalarTypes, scalarCodecs, type ValueCodec } from "./scalar.ts";
import type { WireReader } from "./wire-reader.ts";
import { wireTypes } from "./wire-type.ts";

/** Scalars that protobuf allows as map keys. */
export type MapKeyName = "string" | "int32" | "int64" | "uint32" | "uint64" | "bool";

/** A map. Of two entries with the same key the last one counts. */
export function map<K extends MapKeyName, N extends ScalarName>(
  number: number,
  key: K,
  type: N,
): Field<ReadonlyMap<ScalarTypes[K], ScalarTypes[N]>>;
export function map<K extends MapKeyName>(
  number: number,
  key: K,
  type: EnumType,
): Field<ReadonlyMap<ScalarTypes[K], number>>;
export function map<K extends MapKeyName>(
  number: number,
  key: K,
  type: EncodedType,
): Field<ReadonlyMap<ScalarTypes[K], Uint8Array>>;
export function map<K extends MapKeyName, T>(
  number: number,
  key: K,
  type: MessageReference<T>,
): Field<ReadonlyMap<ScalarTypes[K], T>>;
export function map(number: number, key: MapKeyName, type: FieldType): Field<ReadonlyMap<unknown, unknown>> {
  const keyCodec: ValueCodec<unknown> = scalarCodecs[key];
  const valueCodec = codecOf(type);
  return {
    number,
    label: "map",
    oneof: undefined,
    key,
    resolve: () => resolveType(type),
    initial: () => new Map(),
    read: (reader, current) => {
      const entries: Map<unknown, unknown> = current instanceof Map ? current : new Map();
      if (reader.wireType === wireTypes.lengthDelimited) {
        readEntry(reader, keyCodec, valueCodec, entries);
      } else {
        reader.skip();
      }
      return entries;
    },
    write: (writer, entries) => {
      for (const [entryKey, value] of entries) {
        writer.tag(number, wireTypes.lengthDelimited).delimited((inner) => {
          keyCodec.write(inner.tag(1, keyCodec.wireType), entryKey);
          valueCodec.write(inner.tag(2, valueCodec.wireType), value);
        });
      }
    },
  };
}

function readEntry(
  reader: WireReader,
  keyCodec: ValueCodec<unknown>,
  valueCodec: ValueCodec<unknown>,
  entries: Map<unknown, unknown>,
): void {
  reader.countElements(1);
  let key = keyCodec.initial;
  let value: unknown;
  const outerEnd = reader.enter();
  while (reader.next()) {
    if (reader.fieldNumber === 1 && reader.wireType === keyCodec.wireType) {
      key = keyCodec.read(reader);
    } else if (reader.fieldNumber === 2 && reader.wireType === valueCodec.wireType) {
      value = valueCodec.read(reader, value);
    } else {
      reader.skip();
    }
  }
  reader.leave(outerEnd);
  entries.set(key, value ?? valueCodec.initial);
}
