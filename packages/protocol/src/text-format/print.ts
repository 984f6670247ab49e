import { encodeUtf8 } from "@sealserve/core";
import type { Field, MessageType, NamedField, ResolvedType } from "../protobuf/declaration.ts";
import { shortestFloat } from "../protobuf/shortest-float.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "'": "\\'",
  "\\": "\\\\",
};

/**
 * A message in protobuf's text format, one field a line, in the order of the field numbers; maps by key. Fields that hold
 * their default are left out.
 */
export function printTextFormat<T>(type: MessageType<T>, value: T): string {
  return messageLines(type, value)
    .map((line) => `${line}\n`)
    .join("");
}

function messageLines<T>(type: MessageType<T>, value: T): string[] {
  const inOrder = [...type.fields].sort((one, other) => one.field.number - other.field.number);
  return inOrder.flatMap((named) => fieldLines(named, (value as Record<string, unknown>)[named.member]));
}

function fieldLines({ protoName, field }: NamedField, value: unknown): string[] {
  if (value === undefined || (field.label === "plain" && isDefault(value))) {
    return [];
  }
  const type = field.resolve();
  if (field.label === "map") {
    return mapLines(protoName, type, value as ReadonlyMap<unknown, unknown>);
  }
  return elementsOf(field, value).flatMap((element) => valueLines(protoName, type, element));
}

function elementsOf(field: Field<unknown>, value: unknown): unknown[] {
  return field.label === "repeated" ? Array.from(value as Iterable<unknown>) : [value];
}

function mapLines(name: string, type: ResolvedType, entries: ReadonlyMap<unknown, unknown>): string[] {
  const sorted = [...entries].sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
  return sorted.flatMap(([key, value]) => {
    const keyText = typeof key === "string" ? quoted(encodeUtf8(key)) : String(key);
    return block(name, [`key: ${keyText}`, ...valueLines("value", type, value)]);
  });
}

function valueLines(name: string, type: ResolvedType, value: unknown): string[] {
  switch (type.kind) {
    case "message":
      return block(name, messageLines(type.message, value));
    case "encoded":
      return block(name, messageLines(type.message, type.message.decode(value as Uint8Array)));
    case "enum":
      return [`${name}: ${type.nameOf(value as number) ?? String(value)}`];
    case "scalar":
    default:
      return [`${name}: ${scalarText(type.name, value)}`];
  }
}

function block(name: string, lines: readonly string[]): string[] {
  return [`${name} {`, ...lines.map((line) => `  ${line}`), "}"];
}

function isDefault(value: unknown): boolean {
  return value instanceof Uint8Array ? value.length === 0 : !value;
}

function scalarText(name: string, value: unknown): string {
  if (value instanceof Uint8Array) {
    return quoted(value);
  }
  if (typeof value === "string") {
    return quoted(encodeUtf8(value));
  }
  if (name === "float" || name === "double") {
    return realText(name === "float" ? shortestFloat(Number(value)) : Number(value));
  }
  return name === "bool" ? String(Boolean(value)) : String(value);
}

function realText(value: number): string {
  return Number.isFinite(value) ? String(value) : String(value).toLowerCase().replace("infinity", "inf");
}

function quoted(bytes: Uint8Array): string {
  return `"${Array.from(bytes, escapeByte).join("")}"`;
}

function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  const plain = byte >= 0x20 && byte < 0x7f;
  return ESCAPES[character] ?? (plain ? character : `\\${byte.toString(8).padStart(3, "0")}`);
}
