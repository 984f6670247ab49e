// The part of google/protobuf/descriptor.proto that describes files in proto3.
import { field, type MessageOf, message, optional, repeated } from "@sealserve/protocol";

/** `google.protobuf.EnumDescriptorProto`. */
export const EnumDescriptorProto = message("google.protobuf.EnumDescriptorProto", {
  name: field(1, "string"),
  value: repeated(
    2,
    message("google.protobuf.EnumValueDescriptorProto", { name: field(1, "string"), number: optional(2, "int32") }),
  ),
});
/** A value of the message {@link EnumDescriptorProto}. */
export type EnumDescriptorProto = MessageOf<typeof EnumDescriptorProto>;

/** `google.protobuf.FieldDescriptorProto`, with label and type as numbers. */
export const FieldDescriptorProto = message("google.protobuf.FieldDescriptorProto", {
  name: field(1, "string"),
  number: field(3, "int32"),
  label: field(4, "int32"),
  type: field(5, "int32"),
  typeName: field(6, "string"),
  oneofIndex: optional(9, "int32"),
  proto3Optional: field(17, "bool"),
});
/** A value of the message {@link FieldDescriptorProto}. */
export type FieldDescriptorProto = MessageOf<typeof FieldDescriptorProto>;

/** `google.protobuf.DescriptorProto`. */
export const DescriptorProto = message("google.protobuf.DescriptorProto", {
  name: field(1, "string"),
  field: repeated(2, FieldDescriptorProto),
  /** Encoded messages of this same type. */
  nestedType: repeated(3, "bytes"),
  enumType: repeated(4, EnumDescriptorProto),
  options: field(7, message("google.protobuf.MessageOptions", { mapEntry: field(7, "bool") })),
  oneofDecl: repeated(8, message("google.protobuf.OneofDescriptorProto", { name: field(1, "string") })),
});
/** A value of the message {@link DescriptorProto}. */
export type DescriptorProto = MessageOf<typeof DescriptorProto>;

/** `google.protobuf.ServiceDescriptorProto`. */
export const ServiceDescriptorProto = message("google.protobuf.ServiceDescriptorProto", {
  name: field(1, "string"),
  method: repeated(
    2,
    message("google.protobuf.MethodDescriptorProto", {
      name: field(1, "string"),
      inputType: field(2, "string"),
      outputType: field(3, "string"),
      clientStreaming: field(5, "bool"),
      serverStreaming: field(6, "bool"),
    }),
  ),
});
/** A value of the message {@link ServiceDescriptorProto}. */
export type ServiceDescriptorProto = MessageOf<typeof ServiceDescriptorProto>;

/** `google.protobuf.FileDescriptorProto`. */
export const FileDescriptorProto = message("google.protobuf.FileDescriptorProto", {
  name: field(1, "string"),
  package: field(2, "string"),
  dependency: repeated(3, "string"),
  messageType: repeated(4, DescriptorProto),
  enumType: repeated(5, EnumDescriptorProto),
  service: repeated(6, ServiceDescriptorProto),
  syntax: field(12, "string"),
});
