import { type DataType, makeNumbers, type Tensor } from "@sealserve/protocol";

import { FLOATS } from "../float-types.ts";

const INTEGERS: ReadonlySet<DataType> = new Set(["int32", "int64", "uint32", "uint64"]);
const INTEGER = /^\s*([+-]?\d{1,20})\s*$/;
/** There is one way only to read a row of digits, or a long one that is no number would be read in very many. */
const DECIMAL = /^\s*[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)\s*$/i;

/**
 * The number that a text spells in decimal, with white space round it (numbers.cc, strings::safe_strto*).
 * @returns one element; undefined when the text is no number, or none that the type holds
 */
export function parseNumber(dtype: DataType, text: string): Tensor["data"] | undefined {
  if (FLOATS.includes(dtype)) {
    return DECIMAL.test(text) ? element(dtype, parseDecimal(text)) : undefined;
  }
  return INTEGERS.has(dtype) ? parseInteger(dtype, text) : undefined;
}

function parseInteger(dtype: DataType, text: string): Tensor["data"] | undefined {
  const [, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) {
    return undefined;
  }
  const value = BigInt(digits.replace(/^\+/, ""));
  const data = element(dtype, dtype.endsWith("64") ? value : Number(value));
  return BigInt(data[0] as number | bigint) === value ? data : undefined;
}

function parseDecimal(text: string): number {
  const word = text.trim().toLowerCase();
  const [, sign = "", name] = /^([+-]?)(inf|nan)/.exec(word) ?? [];
  if (name === undefined) {
    return Number(word);
  }
  const value = name === "inf" ? Number.POSITIVE_INFINITY : Number.NaN;
  return sign === "-" ? -value : value;
}

function element(dtype: DataType, value: number | bigint): ReturnType<typeof makeNumbers> {
  const data = makeNumbers(dtype, 1);
  data[0] = value as never;
  return data;
}
