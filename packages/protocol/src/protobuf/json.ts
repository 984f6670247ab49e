import { encodeBase64 } from "@sealserve/core";
import type { Field, MessageType, ResolvedType } from "./declaration.ts";
import type { ScalarName, ScalarTypes } from "./scalar.ts";
import { shortestFloat } from "./shortest-float.ts";

/** A value that JSON.stringify writes as it is. */
export type PlainJson =
  | null
  | boolean
  | number
  | string
  | readonly PlainJson[]
  | { readonly [name: string]: PlainJson };

/**
 * A message in the JSON form of protobuf, printed like TensorFlow Serving prints its answers: names as in the .proto file,
 * fields without presence even where they hold their default, enumeration values by name, 64-bit integers as strings,
 * bytes in base64.
 */
export function messageToJson<T>(type: MessageType<T>, value: T): PlainJson {
  const members: [string, PlainJson][] = [];
  for (const { member, protoName, field } of type.fields) {
    const memberValue = (value as Record<string, unknown>)[member];
    if (memberValue !== undefined) {
      members.push([protoName, fieldToJson(field, memberValue)]);
    }
  }
  return objectOf(members);
}

function fieldToJson(field: Field<unknown>, value: unknown): PlainJson {
  const type = field.resolve();
  if (field.label === "map") {
    const entries = Array.from(value as ReadonlyMap<unknown, unknown>);
    return objectOf(entries.map(([key, item]) => [String(key), valueToJson(type, item)]));
  }
  if (field.label === "repeated") {
    return Array.from(value as Iterable<unknown>, (item) => valueToJson(type, item));
  }
  return valueToJson(type, value);
}

function valueToJson(type: ResolvedType, value: unknown): PlainJson {
  if (type.kind === "scalar") {
    return scalarToJson(type.name, value as ScalarTypes[ScalarName]);
  }
  if (type.kind === "enum") {
    return type.nameOf(value as number) ?? (value as number);
  }
  return messageToJson(type.message, type.kind === "encoded" ? type.message.decode(value as Uint8Array) : value);
}

function scalarToJson(name: ScalarName, value: ScalarTypes[ScalarName]): PlainJson {
  if (value instanceof Uint8Array) {
    return encodeBase64(value);
  }
  if (typeof value === "bigint") {
    return String(value);
  }
  if (typeof value !== "number") {
    return value;
  }
  if (name === "bool") {
    return value !== 0;
  }
  return numberToJson(name === "float" ? shortestFloat(value) : value);
}

/** JSON has no NaN and no infinities: protobuf writes them as strings. */
function numberToJson(value: number): PlainJson {
  return Number.isFinite(value) ? value : String(value);
}

/** Without a prototype, so that no name in a message means more than itself. */
function objectOf(members: readonly (readonly [string, PlainJson])[]): PlainJson {
  const object: Record<string, PlainJson> = Object.create(null) as Record<string, PlainJson>;
  for (const [name, value] of members) {
    object[name] = value;
  }
  return object;
}
