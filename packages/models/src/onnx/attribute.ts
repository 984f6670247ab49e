import { encodeUtf8 } from "@sealserve/core";

import { AttributeProto, AttributeTypeEnum } from "./schema.ts";

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
