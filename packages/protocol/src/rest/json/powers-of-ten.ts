/** Integers of so many decimal digits are exact in a double. */
export const EXACT_DIGITS = 15;

/** The greatest power of ten that is exact in a double. */
export const MAX_EXACT_POWER = 22;

/** 10^0 to 10^22. An integer of up to 15 digits times or divided by one of them is rounded once, so that it is the nearest double. */
export const powersOfTen: readonly number[] = Array.from({ length: MAX_EXACT_POWER + 1 }, (_, power) => 10 ** power);
