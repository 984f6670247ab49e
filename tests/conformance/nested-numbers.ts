/** Lists in lists of numbers, as JSON has them, and the float tensors that they stand for. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** A float tensor as a stock client has it. */
export interface FloatTensor {
  readonly dtype?: string;
  readonly tensorShape?: { readonly dim?: readonly { readonly size?: string }[] };
  readonly floatVal?: readonly number[];
}

/** The tensor that lists of equal sizes stand for; other values, such as text, become no number. */
export function tensorFromNested(value: NestedNumbers): FloatTensor {
  const dim: { size: string }[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as NestedNumbers) {
    dim.push({ size: String(level.length) });
  }
  return { dtype: "DT_FLOAT", tensorShape: { dim }, floatVal: flatten(value) };
}

/** The numbers of a tensor whose elements are all there. */
export function nestedFromTensor({ tensorShape, floatVal = [] }: FloatTensor): NestedNumbers {
  const sizes = (tensorShape?.dim ?? []).map(({ size }) => Number(size ?? 0));
  let level: NestedNumbers[] = [...floatVal];
  for (const size of sizes.slice(1).toReversed()) {
    level = Array.from({ length: level.length / size }, (_, row) => level.slice(row * size, (row + 1) * size));
  }
  return sizes.length === 0 ? (level[0] ?? []) : level;
}

function flatten(value: NestedNumbers): number[] {
  return Array.isArray(value) ? value.flatMap((inner: NestedNumbers) => flatten(inner)) : [Number(value)];
}
