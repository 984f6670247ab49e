import { NodeError } from "../errors.ts";
import type { Flag, FlagType, FlagValue } from "./flag.ts";

const INTEGER = /^[+-]?\d{1,19}$/;
const DECIMAL = /^[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:[eE][+-]?\d{1,2})?$/;
const MAX_INT32 = 2n ** 31n - 1n;
const MAX_INT64 = 2n ** 63n - 1n;

const EXPECTED: Readonly<Record<FlagType, string>> = {
  int32: "a whole number of 32 bits",
  int64: "a whole number of 64 bits",
  float: "a decimal number",
  bool: "true or false",
  string: "a text",
};

/**
 * Reads the text of a flag by its type. Only a boolean may stand without one.
 *
 * @throws NodeError `bad-flag`
 */
export function readFlagValue(name: string, { type }: Flag, text: string | undefined): FlagValue {
  if (text === undefined) {
    if (type === "bool") {
      return true;
    }
    throw new NodeError("bad-flag", `--${name} needs a value`, {
      remedy: `write --${name}=VALUE, with ${EXPECTED[type]}`,
    });
  }
  const value = parseText(type, text);
  if (value === undefined) {
    throw new NodeError("bad-flag", `the value of --${name} cannot be used`, {
      expected: EXPECTED[type],
      actual: text,
    });
  }
  return value;
}

function parseText(type: FlagType, text: string): FlagValue | undefined {
  switch (type) {
    case "string":
      return text;
    case "bool":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "float":
      return DECIMAL.test(text) ? Number(text) : undefined;
    case "int32": {
      const value = parseInteger(text, MAX_INT32);
      return value === undefined ? undefined : Number(value);
    }
    case "int64":
    default:
      return parseInteger(text, MAX_INT64);
  }
}

function parseInteger(text: string, maximum: bigint): bigint | undefined {
  const value = INTEGER.test(text) ? BigInt(text.replace("+", "")) : undefined;
  return value !== undefined && value <= maximum && value >= -maximum - 1n ? value : undefined;
}
