import { decodeUtf8, encodeUtf8 } from "@sealserve/core";

import { AttributeProto, AttributeTypeEnum, type GraphProto } from "./schema.ts";

const types = AttributeTypeEnum.values;

/** A whole number. */
export function intAttribute(name: string, value: number): AttributeProto {
  return AttributeProto.create({ name, i: BigInt(value), type: types["INT"] ?? 0 });
}

/** A list of whole numbers. */
export function intsAttribute(name: string, values: readonly number[]): AttributeProto {
  return AttributeProto.create({ name, ints: BigInt64Array.from(values, BigInt), type: types["INTS"] ?? 0 });
}

/** A 32-bit float. */
export function floatAttribute(name: string, value: number): AttributeProto {
  return AttributeProto.create({ name, f: value, type: types["FLOAT"] ?? 0 });
}

/** A text. */
export function textAttribute(name: string, value: string): AttributeProto {
  return AttributeProto.create({ name, s: encodeUtf8(value), type: types["STRING"] ?? 0 });
}

/** 32-bit floats. */
export function floatsAttribute(name: string, values: readonly number[]): AttributeProto {
  return AttributeProto.create({ name, floats: Float32Array.from(values), type: types["FLOATS"] ?? 0 });
}

/** A list of texts. */
export function textsAttribute(name: string, values: readonly string[]): AttributeProto {
  return AttributeProto.create({ name, strings: values.map(encodeUtf8), type: types["STRINGS"] ?? 0 });
}

/** A graph, such as the turn of a loop. */
export function graphAttribute(name: string, graph: GraphProto): AttributeProto {
  return AttributeProto.create({ name, g: graph, type: types["GRAPH"] ?? 0 });
}

/** The value of a whole number among the attributes of a node; undefined where it is not. */
export function readInt(attributes: readonly AttributeProto[], name: string): number | undefined {
  const value = find(attributes, name)?.i;
  return value === undefined ? undefined : Number(value);
}

/** The values of a list of whole numbers; undefined where it is not. */
export function readInts(attributes: readonly AttributeProto[], name: string): number[] | undefined {
  const attribute = find(attributes, name);
  return attribute && Array.from(attribute.ints, Number);
}

/** The value of a 32-bit float; undefined where it is not. */
export function readFloat(attributes: readonly AttributeProto[], name: string): number | undefined {
  return find(attributes, name)?.f;
}

/** The value of a text; undefined where it is not. */
export function readText(attributes: readonly AttributeProto[], name: string): string | undefined {
  const value = find(attributes, name)?.s;
  return value === undefined ? undefined : decodeUtf8(value);
}

function find(attributes: readonly AttributeProto[], name: string): AttributeProto | undefined {
  return attributes.find((attribute) => attribute.name === name);
}
