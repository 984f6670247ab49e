import type { EncodedType, FieldType, MessageType, ResolvedType } from "./declaration.ts";
import { scalarCodecs, type ValueCodec } from "./scalar.ts";
import { wireTypes } from "./wire-type.ts";

/** Keeps a message of the given type as bytes. */
export function encoded(message: MessageType<unknown>): EncodedType {
  return { kind: "encoded", message };
}

/** Names and type of `type`, with a reference followed. */
export function resolveType(type: FieldType): ResolvedType {
  if (typeof type === "string") {
    return { kind: "scalar", name: type };
  }
  if (typeof type === "function") {
    return { kind: "message", message: type() };
  }
  return "kind" in type ? type : { kind: "message", message: type };
}

/** How values of `type` are read and written. References are followed at the first use, not before. */
export function codecOf(type: FieldType): ValueCodec<unknown> {
  if (typeof type === "string") {
    return scalarCodecs[type];
  }
  if (typeof type === "function") {
    return messageCodec(type);
  }
  if ("kind" in type) {
    return type.kind === "enum" ? scalarCodecs.int32 : scalarCodecs.bytes;
  }
  return messageCodec(() => type);
}

/** Whether `type` is a message or a reference to one. */
export function isMessage(type: FieldType): boolean {
  return typeof type === "function" || (typeof type === "object" && !("kind" in type));
}

function messageCodec(reference: () => MessageType<unknown>): ValueCodec<unknown> {
  return {
    wireType: wireTypes.lengthDelimited,
    get initial() {
      return reference().create();
    },
    read: (reader, current) => {
      const outerEnd = reader.enter();
      const value = reference().decodeFrom(reader, current);
      reader.leave(outerEnd);
      return value;
    },
    write: (writer, value) => writer.delimited((inner) => reference().encodeTo(inner, value ?? {})),
    isDefault: (value) => value === undefined,
  };
}
