import { decodeUtf8 } from "@sealserve/core";
import type { EnumType } from "../protobuf/enumeration.ts";
import type { ScalarName, ScalarTypes } from "../protobuf/scalar.ts";
import type { TextField } from "./parse.ts";
import { textError } from "./text-error.ts";

const TRUE = ["true", "True", "t", "1"];
const FALSE = ["false", "False", "f", "0"];
/** At most the digits of 64 bits, in octal. */
const INTEGER = /^-?(?:0[xX][0-9A-Fa-f]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})$/;
const FLOAT = /^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?$/;
const NAMED_FLOATS: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
  ["-nan", Number.NaN],
]);

/** Bits of the integer types. */
const INTEGER_BITS = {
  int32: 32,
  sint32: 32,
  sfixed32: 32,
  uint32: 32,
  fixed32: 32,
  int64: 64,
  sint64: 64,
  sfixed64: 64,
  uint64: 64,
  fixed64: 64,
} as const satisfies Partial<Record<ScalarName, number>>;

type IntegerName = keyof typeof INTEGER_BITS;

/**
 * A scalar of the text format as a value of type `name`.
 * @throws ProtocolError `bad-text-format`
 */
export function readScalar(field: TextField, name: ScalarName): ScalarTypes[ScalarName] {
  if (name === "string" || name === "bytes") {
    return readString(field, name);
  }
  const word = wordOf(field);
  if (name === "bool") {
    return readBoolean(word, field);
  }
  return name === "float" || name === "double" ? readFloat(word, field) : readInteger(word, field, name);
}

/** A value of an enumeration, by name or by number. @throws ProtocolError `bad-text-format` */
export function readEnum(field: TextField, type: EnumType): number {
  const word = wordOf(field);
  const named = Object.hasOwn(type.values, word) ? type.values[word] : undefined;
  if (named === undefined && !INTEGER.test(word)) {
    throw textError(field.line, `expected a value of ${type.name}`);
  }
  return named ?? Number(readInteger(word, field, "int32"));
}

/** The word of a value; a minus may stand apart from its number. */
function wordOf({ value, line }: TextField): string {
  if (value.kind !== "word") {
    throw textError(line, "expected a number, a boolean or a name");
  }
  return value.text.replace(/^-\s+/, "-");
}

function readString({ value, line }: TextField, name: "string" | "bytes"): string | Uint8Array {
  if (value.kind !== "string") {
    throw textError(line, "expected a quoted string");
  }
  if (name === "bytes") {
    return value.bytes;
  }
  try {
    return decodeUtf8(value.bytes);
  } catch {
    throw textError(line, "a string is not UTF-8");
  }
}

function readBoolean(word: string, { line }: TextField): boolean {
  if (!TRUE.includes(word) && !FALSE.includes(word)) {
    throw textError(line, "expected true or false");
  }
  return TRUE.includes(word);
}

function readFloat(word: string, { line }: TextField): number {
  const named = NAMED_FLOATS.get(word.toLowerCase());
  if (named === undefined && !FLOAT.test(word)) {
    throw textError(line, "expected a number");
  }
  return named ?? Number(word.replace(/[fF]$/, ""));
}

function readInteger(word: string, { line }: TextField, name: IntegerName): number | bigint {
  if (!INTEGER.test(word)) {
    throw textError(line, "expected a whole number");
  }
  const digits = word.replace("-", "").replace(/^0(?=[0-7])/, "0o");
  const value = word.startsWith("-") ? -BigInt(digits) : BigInt(digits);
  const bits = INTEGER_BITS[name];
  const fits = name.startsWith("u") || name.startsWith("f") ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
  if (fits !== value) {
    throw textError(line, `a number beyond ${name}`);
  }
  return bits === 32 ? Number(value) : value;
}
