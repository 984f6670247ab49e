import { repeated } from "../../protobuf/list-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field } from "../../protobuf/single-field.ts";
import { AttrValue } from "./attr-value.ts";
import { DataTypeEnum } from "./data-type.ts";

const ArgDef = message("tensorflow.OpDef.ArgDef", {
  name: field(1, "string"),
  description: field(2, "string"),
  type: field(3, DataTypeEnum),
  typeAttr: field(4, "string"),
  numberAttr: field(5, "string"),
  typeListAttr: field(6, "string"),
  isRef: field(16, "bool"),
});

const AttrDef = message("tensorflow.OpDef.AttrDef", {
  name: field(1, "string"),
  type: field(2, "string"),
  defaultValue: field(3, AttrValue),
});

/** `tensorflow.OpDef` (op_def.proto): an operation's, or a function's, arguments and attributes. */
export const OpDef = message("tensorflow.OpDef", {
  name: field(1, "string"),
  inputArg: repeated(2, ArgDef),
  outputArg: repeated(3, ArgDef),
  attr: repeated(4, AttrDef),
  isStateful: field(17, "bool"),
  controlOutput: repeated(20, "string"),
});
/** A value of the message {@link OpDef}. */
export type OpDef = MessageOf<typeof OpDef>;

/** `tensorflow.OpList`. */
export const OpList = message("tensorflow.OpList", { op: repeated(1, OpDef) });
/** A value of the message {@link OpList}. */
export type OpList = MessageOf<typeof OpList>;
