import type { NumberArray } from "../protobuf/little-endian.ts";
import type { DataType } from "../tensor/data-type.ts";
import type { NumberTable } from "./json/number-table.ts";
import { numberKind } from "./json/number-table.ts";

/** The element that a JSON number becomes; undefined when the data type does not take it. */
type Conversion = (numbers: NumberTable, index: number) => number | bigint | undefined;

/** How each type takes JSON numbers. Types without an entry cannot be sent as such. */
export type NumberConversions = Partial<Readonly<Record<DataType, Conversion>>>;

/**
 * What TensorFlow Serving takes for each type. Floats take every number. The 8 and 16 bit integers take the range of 32
 * bits, of which the lower bits are kept.
 */
export const servingConversions: NumberConversions = {
  float32: (numbers, index) => numbers.float32(index),
  float64: (numbers, index) => numbers.float64(index),
  int32: int32Literal,
  int16: int32Literal,
  int8: int32Literal,
  uint8: int32Literal,
  uint32: (numbers, index) => integerLiteral(numbers, index, 0, 2 ** 32 - 1),
  int64: (numbers, index) => bigintLiteral(numbers, index, -(2n ** 63n), 2n ** 63n - 1n),
  uint64: (numbers, index) => bigintLiteral(numbers, index, 0n, 2n ** 64n - 1n),
};

/** The same, but every integer is held to the range of its type, and there are those of 16 bits without a sign. */
export const exactConversions: NumberConversions = {
  ...servingConversions,
  int16: (numbers, index) => integerLiteral(numbers, index, -(2 ** 15), 2 ** 15 - 1),
  int8: (numbers, index) => integerLiteral(numbers, index, -(2 ** 7), 2 ** 7 - 1),
  uint16: (numbers, index) => integerLiteral(numbers, index, 0, 2 ** 16 - 1),
  uint8: (numbers, index) => integerLiteral(numbers, index, 0, 2 ** 8 - 1),
};

/**
 * Writes `count` numbers of the table, from `from` on, to `target`.
 * @returns the index of the first number that the data type does not take, or -1
 */
export function convertNumbers(
  numbers: NumberTable,
  from: number,
  count: number,
  dtype: DataType,
  target: NumberArray,
  at: number,
  conversions: NumberConversions,
): number {
  if (dtype === "float32") {
    numbers.copyFloat32(from, count, target, at);
    return -1;
  }
  const conversion = conversions[dtype];
  for (let offset = 0; offset < count; offset++) {
    const value = conversion?.(numbers, from + offset);
    if (value === undefined) {
      return from + offset;
    }
    target[at + offset] = value;
  }
  return -1;
}

function int32Literal(numbers: NumberTable, index: number): number | undefined {
  return integerLiteral(numbers, index, -(2 ** 31), 2 ** 31 - 1);
}

function integerLiteral(numbers: NumberTable, index: number, low: number, high: number): number | undefined {
  if (numbers.kind(index) !== numberKind.integer) {
    return undefined;
  }
  const value = numbers.float64(index);
  return value >= low && value <= high ? value : undefined;
}

function bigintLiteral(numbers: NumberTable, index: number, low: bigint, high: bigint): bigint | undefined {
  const value = numbers.bigint(index);
  return value !== undefined && value >= low && value <= high ? value : undefined;
}
