import {
  enumeration,
  field,
  type MessageOf,
  type MessageType,
  message,
  numbers,
  oneof,
  optional,
  repeated,
} from "@sealserve/protocol";

/** `onnx.TensorProto.DataLocation` values. */
export const EXTERNAL_DATA_LOCATION = 1;

/** `onnx.AttributeProto.AttributeType` (onnx.proto3): which member of an attribute holds its value. */
export const AttributeTypeEnum = enumeration("onnx.AttributeProto.AttributeType", {
  UNDEFINED: 0,
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
});

const StringStringEntryProto = message("onnx.StringStringEntryProto", {
  key: field(1, "string"),
  value: field(2, "string"),
});

/** `onnx.TensorProto`: an initialiser or a tensor attribute. Values are in one typed list or, little-endian, in `rawData`. */
export const TensorProto = message("onnx.TensorProto", {
  dims: numbers(1, "int64"),
  dataType: field(2, "int32"),
  floatData: numbers(4, "float"),
  int32Data: numbers(5, "int32"),
  stringData: repeated(6, "bytes"),
  int64Data: numbers(7, "int64"),
  name: field(8, "string"),
  rawData: field(9, "bytes"),
  doubleData: numbers(10, "double"),
  uint64Data: numbers(11, "uint64"),
  externalData: repeated(13, StringStringEntryProto),
  dataLocation: field(14, "int32"),
});
export type TensorProto = MessageOf<typeof TensorProto>;

/** `onnx.SparseTensorProto`. */
export const SparseTensorProto = message("onnx.SparseTensorProto", {
  values: field(1, TensorProto),
  indices: field(2, TensorProto),
  dims: numbers(3, "int64"),
});
export type SparseTensorProto = MessageOf<typeof SparseTensorProto>;

const Dimension = message("onnx.TensorShapeProto.Dimension", {
  dimValue: oneof("value", 1, "int64"),
  dimParam: oneof("value", 2, "string"),
});

/** `onnx.TensorShapeProto`: each dimension is a number, a name, or unknown. */
export const TensorShapeProto = message("onnx.TensorShapeProto", { dim: repeated(1, Dimension) });
export type TensorShapeProto = MessageOf<typeof TensorShapeProto>;

const TensorType = message("onnx.TypeProto.Tensor", {
  elemType: field(1, "int32"),
  shape: field(2, TensorShapeProto),
});

/** `onnx.TypeProto`. Without `tensorType` the value is a sequence, a map, an optional or a sparse tensor. */
export const TypeProto = message("onnx.TypeProto", { tensorType: field(1, TensorType) });
export type TypeProto = MessageOf<typeof TypeProto>;

/** `onnx.ValueInfoProto`: name and type of a graph's input or output. */
export const ValueInfoProto = message("onnx.ValueInfoProto", { name: field(1, "string"), type: field(2, TypeProto) });
export type ValueInfoProto = MessageOf<typeof ValueInfoProto>;

/** `onnx.AttributeProto`. A graph attribute is the body of a branch or a loop. */
export interface AttributeProto {
  name: string;
  f?: number | undefined;
  i?: bigint | undefined;
  s?: Uint8Array | undefined;
  t?: TensorProto | undefined;
  g?: GraphProto | undefined;
  floats: Float32Array<ArrayBuffer>;
  ints: BigInt64Array<ArrayBuffer>;
  strings: readonly Uint8Array[];
  tensors: readonly TensorProto[];
  graphs: readonly GraphProto[];
  type: number;
  sparseTensor?: SparseTensorProto | undefined;
  sparseTensors: readonly SparseTensorProto[];
}

/** `onnx.NodeProto`: one operation. An empty input name stands for an optional input that is left out. */
export interface NodeProto {
  input: readonly string[];
  output: readonly string[];
  name: string;
  opType: string;
  attribute: readonly AttributeProto[];
  domain: string;
}

/** `onnx.GraphProto`. */
export interface GraphProto {
  node: readonly NodeProto[];
  name: string;
  initializer: readonly TensorProto[];
  input: readonly ValueInfoProto[];
  output: readonly ValueInfoProto[];
  /** What is known of other values. */
  valueInfo: readonly ValueInfoProto[];
  sparseInitializer: readonly SparseTensorProto[];
}

/** Codec of {@link AttributeProto}. */
export const AttributeProto: MessageType<AttributeProto> = message("onnx.AttributeProto", {
  name: field(1, "string"),
  f: optional(2, "float"),
  i: optional(3, "int64"),
  s: optional(4, "bytes"),
  t: field(5, TensorProto),
  g: field(6, () => GraphProto),
  floats: numbers(7, "float"),
  ints: numbers(8, "int64"),
  strings: repeated(9, "bytes"),
  tensors: repeated(10, TensorProto),
  graphs: repeated(11, () => GraphProto),
  type: field(20, AttributeTypeEnum),
  sparseTensor: field(22, SparseTensorProto),
  sparseTensors: repeated(23, SparseTensorProto),
});

/** Codec of {@link NodeProto}. */
export const NodeProto: MessageType<NodeProto> = message("onnx.NodeProto", {
  input: repeated(1, "string"),
  output: repeated(2, "string"),
  name: field(3, "string"),
  opType: field(4, "string"),
  attribute: repeated(5, AttributeProto),
  domain: field(7, "string"),
});

/** Codec of {@link GraphProto}. */
export const GraphProto: MessageType<GraphProto> = message("onnx.GraphProto", {
  node: repeated(1, NodeProto),
  name: field(2, "string"),
  initializer: repeated(5, TensorProto),
  input: repeated(11, ValueInfoProto),
  output: repeated(12, ValueInfoProto),
  valueInfo: repeated(13, ValueInfoProto),
  sparseInitializer: repeated(15, SparseTensorProto),
});

const OperatorSetIdProto = message("onnx.OperatorSetIdProto", {
  domain: field(1, "string"),
  version: field(2, "int64"),
});

/** `onnx.FunctionProto`: an operation that the model defines itself. */
export const FunctionProto = message("onnx.FunctionProto", {
  name: field(1, "string"),
  input: repeated(4, "string"),
  output: repeated(5, "string"),
  node: repeated(7, NodeProto),
  domain: field(10, "string"),
  attributeProto: repeated(11, AttributeProto),
});
export type FunctionProto = MessageOf<typeof FunctionProto>;

/** `onnx.ModelProto` (onnx.proto3), as far as serving needs it: the content of `model.onnx`. */
export const ModelProto = message("onnx.ModelProto", {
  irVersion: field(1, "int64"),
  producerName: field(2, "string"),
  graph: field(7, GraphProto),
  opsetImport: repeated(8, OperatorSetIdProto),
  functions: repeated(25, FunctionProto),
});
export type ModelProto = MessageOf<typeof ModelProto>;
