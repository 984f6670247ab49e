import type { EnumType, MessageType, NamedField } from "@sealserve/protocol";
import { describeEntryFields, describeField, describeMapField, showsAbsence } from "./describe-field.ts";
import { DescriptorProto, EnumDescriptorProto, type FieldDescriptorProto } from "./descriptor-messages.ts";

/** What a message declares inside itself, beside the entries of its maps. */
export interface InnerTypes {
  readonly messages: readonly DescriptorProto[];
  readonly enums: readonly EnumDescriptorProto[];
}

/** Describes a message with the types inside it. */
export function describeMessage(type: MessageType<unknown>, inner: InnerTypes): DescriptorProto {
  const oneofs = oneofNames(type);
  const maps = type.fields.filter(({ field }) => field.label === "map");
  const entries = maps.map((named) => describeEntry(named));
  return DescriptorProto.create({
    name: lastPart(type.name),
    field: type.fields.map((named) => fieldIn(type, named, oneofs)),
    nestedType: [...entries, ...inner.messages].map((nested) => DescriptorProto.encode(nested)),
    enumType: inner.enums,
    oneofDecl: oneofs.map((name) => ({ name })),
  });
}

/** A message of which nothing is known but what is declared inside it. */
export function describeOuterMessage(name: string, inner: InnerTypes): DescriptorProto {
  const nestedType = inner.messages.map((nested) => DescriptorProto.encode(nested));
  return DescriptorProto.create({ name, nestedType, enumType: inner.enums });
}

/** Describes an enumeration, values in order. */
export function describeEnum({ name, values }: EnumType): EnumDescriptorProto {
  const value = Object.entries(values).map(([valueName, number]) => ({ name: valueName, number }));
  return EnumDescriptorProto.create({ name: lastPart(name), value });
}

/** Last part of a full name. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function fieldIn(type: MessageType<unknown>, named: NamedField, oneofs: readonly string[]): FieldDescriptorProto {
  if (named.field.label === "map") {
    return describeMapField(named, `${type.name}.${entryName(named)}`);
  }
  const oneof = oneofOf(named);
  return describeField(named, oneof === undefined ? undefined : oneofs.indexOf(oneof));
}

/** Oneofs of a message; those that only say whether one field is there come last, as descriptors demand. */
function oneofNames({ fields }: MessageType<unknown>): string[] {
  const real = fields.flatMap(({ field }) => field.oneof ?? []);
  const single = fields.filter(showsAbsence).flatMap((named) => oneofOf(named) ?? []);
  return [...new Set([...real, ...single])];
}

function oneofOf(named: NamedField): string | undefined {
  return showsAbsence(named) ? `_${named.protoName}` : named.field.oneof;
}

function describeEntry(named: NamedField): DescriptorProto {
  return DescriptorProto.create({
    name: entryName(named),
    field: describeEntryFields(named),
    options: { mapEntry: true },
  });
}

/** protoc's name for the entries of a map: `version_labels` has `VersionLabelsEntry`. */
function entryName({ protoName }: NamedField): string {
  return `${protoName.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Entry`;
}
