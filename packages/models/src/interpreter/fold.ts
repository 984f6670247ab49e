/** What becomes of two values in one place. */
export interface Fold {
  readonly numbers: (there: number, coming: number) => number;
  /** For types of 64 bits. */
  readonly bigints: (there: bigint, coming: bigint) => bigint;
}

export const SUM: Fold = { numbers: (there, coming) => there + coming, bigints: (there, coming) => there + coming };

/** The larger of two; what is there where neither is, as with NaN. */
export const LARGER: Fold = {
  numbers: (there, coming) => (there < coming ? coming : there),
  bigints: (there, coming) => (there < coming ? coming : there),
};

/** Folds two elements of tensors of one type. */
export function fold(
  { numbers, bigints }: Fold,
  there: number | bigint | undefined,
  coming: number | bigint | undefined,
): number | bigint {
  return typeof there === "bigint" && typeof coming === "bigint"
    ? bigints(there, coming)
    : numbers(there as number, coming as number);
}
