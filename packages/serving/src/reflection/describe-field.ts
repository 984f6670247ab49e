import type { Field, NamedField } from "@sealserve/protocol";
import { typeNameOf } from "./declared-types.ts";
import { FieldDescriptorProto } from "./descriptor-messages.ts";

/** Numbers of `google.protobuf.FieldDescriptorProto.Label`. */
const LABEL = { optional: 1, repeated: 3 } as const;

/** Numbers of `google.protobuf.FieldDescriptorProto.Type`. */
const TYPE = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
} as const;

/**
 * Describes a field that is no map.
 *
 * @param oneofIndex the oneof of the message that it is in, if any
 */
export function describeField(named: NamedField, oneofIndex: number | undefined): FieldDescriptorProto {
  const { field, protoName } = named;
  const typeName = typeNameOf(named);
  return FieldDescriptorProto.create({
    name: protoName,
    number: field.number,
    label: field.label === "repeated" ? LABEL.repeated : LABEL.optional,
    type: field.isWrapped === true ? TYPE.message : typeNumber(field),
    typeName: typeName === undefined ? "" : `.${typeName}`,
    oneofIndex,
    proto3Optional: showsAbsence(named),
  });
}

/** The field of a message that stands for the entries of a map. */
export function describeMapField({ field, protoName }: NamedField, entryName: string): FieldDescriptorProto {
  const { number } = field;
  return FieldDescriptorProto.create({
    name: protoName,
    number,
    label: LABEL.repeated,
    type: TYPE.message,
    typeName: `.${entryName}`,
  });
}

/** Key and value in the entries of a map. */
export function describeEntryFields(named: NamedField): FieldDescriptorProto[] {
  const { field } = named;
  const typeName = typeNameOf(named);
  const key = { name: "key", number: 1, label: LABEL.optional, type: TYPE[field.key ?? "string"] };
  const value = { name: "value", number: 2, label: LABEL.optional, type: typeNumber(field) };
  return [
    FieldDescriptorProto.create(key),
    FieldDescriptorProto.create({ ...value, typeName: typeName === undefined ? "" : `.${typeName}` }),
  ];
}

/** Whether a scalar is declared `optional`: proto3 puts it into a oneof of its own. */
export function showsAbsence({ field }: NamedField): boolean {
  const { kind } = field.resolve();
  const isScalar = (kind === "scalar" && field.isWrapped !== true) || kind === "enum";
  return isScalar && field.label === "optional" && field.oneof === undefined;
}

function typeNumber(field: Field<unknown>): number {
  const type = field.resolve();
  if (type.kind === "scalar") {
    return TYPE[field.declaredAs ?? type.name];
  }
  return type.kind === "enum" ? TYPE.enum : TYPE.message;
}
