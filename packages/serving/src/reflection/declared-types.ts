import { type EnumType, field, type MessageType, message, type NamedField, type ScalarName } from "@sealserve/protocol";

/** Wrappers of single values in google/protobuf/wrappers.proto, by the scalar inside. */
const WRAPPERS: Readonly<Partial<Record<ScalarName, string>>> = {
  double: "DoubleValue",
  float: "FloatValue",
  int64: "Int64Value",
  uint64: "UInt64Value",
  int32: "Int32Value",
  uint32: "UInt32Value",
  bool: "BoolValue",
  string: "StringValue",
  bytes: "BytesValue",
};

/** Messages and enumerations by their full names. */
export interface DeclaredTypes {
  readonly messages: ReadonlyMap<string, MessageType<unknown>>;
  readonly enums: ReadonlyMap<string, EnumType>;
}

/** All types that `roots` contain, directly or further in, and they themselves. */
export function collectTypes(roots: readonly MessageType<unknown>[]): DeclaredTypes {
  const messages = new Map<string, MessageType<unknown>>();
  const enums = new Map<string, EnumType>();
  const open = [...roots];
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (messages.has(type.name)) {
      continue;
    }
    messages.set(type.name, type);
    for (const named of type.fields) {
      const held = named.field.resolve();
      if (held.kind === "enum") {
        enums.set(held.name, held);
      } else if (held.kind !== "scalar") {
        open.push(held.message);
      } else if (named.field.isWrapped === true) {
        open.push(message(wrapperName(held.name), { value: field(1, held.name) }));
      }
    }
  }
  return { messages, enums };
}

/** Full name of the message or enumeration that a field holds; undefined for scalars. */
export function typeNameOf({ field: declared }: NamedField): string | undefined {
  const type = declared.resolve();
  if (type.kind === "scalar") {
    return declared.isWrapped === true ? wrapperName(type.name) : undefined;
  }
  return type.kind === "enum" ? type.name : type.message.name;
}

function wrapperName(scalar: ScalarName): string {
  return `google.protobuf.${WRAPPERS[scalar]}`;
}
