import { encodeUtf8 } from "@sealserve/core";
import {
  type AttrValue,
  type DataType,
  dataTypeNumber,
  encodeTensor,
  NodeDef,
  type Tensor,
  TensorInfo,
  TensorShapeProto,
} from "@sealserve/protocol";

/** A node of a TensorFlow graph. */
export function node(
  name: string,
  op: string,
  input: readonly string[] = [],
  attributes: Readonly<Record<string, AttrValue>> = {},
): NodeDef {
  return NodeDef.create({ name, op, input, attr: new Map(Object.entries(attributes)) });
}

/** A Const node. */
export function constantNode(name: string, tensor: Tensor): NodeDef {
  return node(name, "Const", [], { dtype: typeAttr(tensor.dtype), value: { tensor: encodeTensor(tensor) } });
}

/** A one-dimensional tensor of texts. */
export function textTensor(texts: readonly string[]): Tensor {
  return { dtype: "string", shape: [texts.length], data: texts.map(encodeUtf8) };
}

/** An attribute that holds a type. */
export function typeAttr(dtype: DataType): AttrValue {
  return { type: dataTypeNumber(dtype) };
}

/** An attribute that holds a shape; -1 is a dimension of any size. */
export function shapeAttr(shape: readonly number[]): AttrValue {
  return { shape: shapeProto(shape) };
}

/** A tensor that a signature names. */
export function tensorInfo(name: string, dtype: DataType, shape: readonly number[]): TensorInfo {
  return TensorInfo.create({ name, dtype: dataTypeNumber(dtype), tensorShape: shapeProto(shape) });
}

function shapeProto(shape: readonly number[]): TensorShapeProto {
  return TensorShapeProto.create({ dim: shape.map((size) => ({ size: BigInt(size), name: "" })) });
}
