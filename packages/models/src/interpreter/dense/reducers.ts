import type { DataType } from "@sealserve/protocol";

/** How elements become one. */
export interface Reducer<N> {
  /** What there is of no elements at all. */
  readonly start: N;
  readonly add: (total: N, value: N) => N;
}

/** Reducers of a reduction: one for each kind in which elements are held. 64-bit whole numbers are bigints. */
export interface Reduction {
  readonly floats?: Reducer<number>;
  readonly integers?: (dtype: DataType) => Reducer<number>;
  readonly int64?: Reducer<bigint>;
  readonly bool?: Reducer<number>;
}

/** Smallest and largest of the whole numbers that the interpreter reduces as numbers. */
const RANGES: ReadonlyMap<DataType, readonly [number, number]> = new Map([
  ["int8", [-(2 ** 7), 2 ** 7 - 1]],
  ["int16", [-(2 ** 15), 2 ** 15 - 1]],
  ["int32", [-(2 ** 31), 2 ** 31 - 1]],
  ["uint8", [0, 2 ** 8 - 1]],
  ["uint16", [0, 2 ** 16 - 1]],
]);

/** Whether a type is of whole numbers that are held as numbers. */
export function isSmallInteger(dtype: DataType): boolean {
  return RANGES.has(dtype);
}

const [LOWEST_INT64, HIGHEST_INT64] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Whole numbers wrap round when they are stored. */
export const sum: Reduction = {
  floats: { start: 0, add: (total, value) => total + value },
  integers: () => ({ start: 0, add: (total, value) => total + value }),
  int64: { start: 0n, add: (total, value) => total + value },
};

/** Products of whole numbers keep their lower 32 bits, of which fewer are stored for narrower types. */
export const product: Reduction = {
  floats: { start: 1, add: (total, value) => total * value },
  integers: () => ({ start: 1, add: Math.imul }),
  int64: { start: 1n, add: (total, value) => total * value },
};

/** None is a number where one of them is not. */
export const largest: Reduction = {
  floats: { start: Number.NEGATIVE_INFINITY, add: Math.max },
  integers: (dtype) => ({ start: RANGES.get(dtype)?.[0] ?? 0, add: Math.max }),
  int64: { start: LOWEST_INT64, add: (total, value) => (value > total ? value : total) },
};

export const smallest: Reduction = {
  floats: { start: Number.POSITIVE_INFINITY, add: Math.min },
  integers: (dtype) => ({ start: RANGES.get(dtype)?.[1] ?? 0, add: Math.min }),
  int64: { start: HIGHEST_INT64, add: (total, value) => (value < total ? value : total) },
};

export const all: Reduction = { bool: { start: 1, add: (total, value) => total & value } };
export const any: Reduction = { bool: { start: 0, add: (total, value) => total | value } };
