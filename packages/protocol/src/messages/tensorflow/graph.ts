import { repeated } from "../../protobuf/list-field.ts";
import { map } from "../../protobuf/map-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field } from "../../protobuf/single-field.ts";
import { AttrValue } from "./attr-value.ts";
import { OpDef } from "./op-def.ts";

/** `tensorflow.NodeDef` (node_def.proto). An input is `node`, `node:index`, or `^node` for a control edge. */
export const NodeDef = message("tensorflow.NodeDef", {
  name: field(1, "string"),
  op: field(2, "string"),
  input: repeated(3, "string"),
  device: field(4, "string"),
  attr: map(5, "string", AttrValue),
});
/** A value of the message {@link NodeDef}. */
export type NodeDef = MessageOf<typeof NodeDef>;

const ArgAttrs = message("tensorflow.FunctionDef.ArgAttrs", { attr: map(1, "string", AttrValue) });

/** `tensorflow.FunctionDef` (function.proto): in it, an input is `node:argument:index`. */
export const FunctionDef = message("tensorflow.FunctionDef", {
  signature: field(1, OpDef),
  nodeDef: repeated(3, NodeDef),
  ret: map(4, "string", "string"),
  attr: map(5, "string", AttrValue),
  controlRet: map(6, "string", "string"),
  argAttr: map(7, "uint32", ArgAttrs),
});
/** A value of the message {@link FunctionDef}. */
export type FunctionDef = MessageOf<typeof FunctionDef>;

const GradientDef = message("tensorflow.GradientDef", {
  functionName: field(1, "string"),
  gradientFunc: field(2, "string"),
});

/** `tensorflow.FunctionDefLibrary`. */
export const FunctionDefLibrary = message("tensorflow.FunctionDefLibrary", {
  function: repeated(1, FunctionDef),
  gradient: repeated(2, GradientDef),
});
/** A value of the message {@link FunctionDefLibrary}. */
export type FunctionDefLibrary = MessageOf<typeof FunctionDefLibrary>;

/** `tensorflow.VersionDef` (versions.proto). */
export const VersionDef = message("tensorflow.VersionDef", {
  producer: field(1, "int32"),
  minConsumer: field(2, "int32"),
  badConsumers: repeated(3, "int32"),
});
/** A value of the message {@link VersionDef}. */
export type VersionDef = MessageOf<typeof VersionDef>;

/** `tensorflow.GraphDef` (graph.proto). */
export const GraphDef = message("tensorflow.GraphDef", {
  node: repeated(1, NodeDef),
  library: field(2, FunctionDefLibrary),
  version: field(3, "int32"),
  versions: field(4, VersionDef),
});
/** A value of the message {@link GraphDef}. */
export type GraphDef = MessageOf<typeof GraphDef>;
