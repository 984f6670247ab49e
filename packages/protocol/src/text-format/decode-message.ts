import type { Field, MessageType, NamedField, ResolvedType } from "../protobuf/declaration.ts";
import { type ScalarName, scalarCodecs } from "../protobuf/scalar.ts";
import { wireTypes } from "../protobuf/wire-type.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { parseTextFormat, type TextField } from "./parse.ts";
import { readEnum, readScalar } from "./scalar-value.ts";
import { textError } from "./text-error.ts";

/**
 * A message in protobuf's text form, such as TensorFlow Serving's configuration files. Unlike on the wire, an unknown field,
 * a single field given twice and two members of a oneof are errors, as in protobuf's own parser.
 * @throws ProtocolError `bad-text-format`, `too-large`, `too-deep`, `too-many-elements`
 */
export function decodeMessageText<T>(type: MessageType<T>, text: string): T {
  const writer = new WireWriter();
  writeMessage(writer, type, parseTextFormat(text));
  return type.decode(writer.finish());
}

function writeMessage(writer: WireWriter, type: MessageType<unknown>, texts: readonly TextField[]): void {
  const seen = new Set<string>();
  for (const text of texts) {
    const named = type.fields.find(({ protoName }) => protoName === text.name);
    if (named === undefined) {
      const known = type.fields.map(({ protoName }) => protoName).join(", ");
      throw textError(text.line, `${type.name} has no field of this name`, `one of ${known}`);
    }
    refuseRepetition(seen, named, text);
    writeField(writer, named.field, text);
  }
}

/** Notes the field and its oneof, each of which may occur once. */
function refuseRepetition(seen: Set<string>, { protoName, field }: NamedField, { line }: TextField): void {
  if (field.label === "repeated" || field.label === "map") {
    return;
  }
  const name = field.oneof ?? protoName;
  if (seen.has(name)) {
    throw textError(line, field.oneof === undefined ? `${name} is given again` : `another member of oneof ${name}`);
  }
  seen.add(name);
}

function writeField(writer: WireWriter, field: Field<unknown>, text: TextField): void {
  const type = field.resolve();
  if (field.key !== undefined) {
    const { key } = field;
    writeNested(writer, field.number, text, { key: { kind: "scalar", name: key }, value: type });
  } else if (field.isWrapped === true) {
    writeNested(writer, field.number, text, { value: type });
  } else {
    writeValue(writer, field.number, type, text);
  }
}

function writeValue(writer: WireWriter, number: number, type: ResolvedType, text: TextField): void {
  if (type.kind === "scalar") {
    writeScalar(writer, number, type.name, text);
  } else if (type.kind === "enum") {
    writer.tag(number, wireTypes.varint).int32(readEnum(text, type));
  } else {
    const fields = fieldsOf(text);
    writer.tag(number, wireTypes.lengthDelimited).delimited((inner) => writeMessage(inner, type.message, fields));
  }
}

/** A map's entry or a wrapper: messages that are not declared, whose fields are numbered from 1 in the order of `members`. */
function writeNested(
  writer: WireWriter,
  number: number,
  text: TextField,
  members: Readonly<Record<string, ResolvedType>>,
): void {
  const names = Object.keys(members);
  const seen = new Set<string>();
  writer.tag(number, wireTypes.lengthDelimited).delimited((inner) => {
    for (const field of fieldsOf(text)) {
      const type = Object.hasOwn(members, field.name) ? members[field.name] : undefined;
      if (type === undefined || seen.has(field.name)) {
        throw textError(field.line, `expected ${names.join(" and ")}, each at most once`);
      }
      seen.add(field.name);
      writeValue(inner, names.indexOf(field.name) + 1, type, field);
    }
  });
}

function writeScalar(writer: WireWriter, number: number, name: ScalarName, text: TextField): void {
  const codec = scalarCodecs[name] as { wireType: number; write(writer: WireWriter, value: unknown): void };
  codec.write(writer.tag(number, codec.wireType), readScalar(text, name));
}

function fieldsOf({ value, line }: TextField): readonly TextField[] {
  if (value.kind !== "message") {
    throw textError(line, "expected a message in braces");
  }
  return value.fields;
}
