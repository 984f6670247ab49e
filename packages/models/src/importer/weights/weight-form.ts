/** How a graph takes a tensor of weights, beginning from how the model keeps it. */
export interface WeightForm {
  /** Axes in another order; as they are when undefined. */
  readonly order?: AxisOrder | undefined;
  /**
   * The result, in this order, falls into as many parts of equal length as there are factors; each is multiplied by its own. None
   * when undefined.
   */
  readonly factors?: Float64Array | undefined;
}

/** Axis `i` of the result is axis `axes[i]` of a tensor of these sizes. */
export interface AxisOrder {
  readonly sizes: readonly number[];
  readonly axes: readonly number[];
}

/** The form in which the model keeps a tensor. */
export const AS_STORED: WeightForm = {};

/** Whether a form is {@link AS_STORED}. */
export function isAsStored({ order, factors }: WeightForm): boolean {
  return order === undefined && factors === undefined;
}

/** Whether two forms of one tensor are the same. */
export function isSameForm(a: WeightForm, b: WeightForm): boolean {
  return isSameOrder(a.order, b.order) && isSameList(a.factors, b.factors);
}

/** Whether two forms of one tensor have their axes in the same order. */
export function isSameOrder(a: AxisOrder | undefined, b: AxisOrder | undefined): boolean {
  return isSameList(a?.sizes, b?.sizes) && isSameList(a?.axes, b?.axes);
}

function isSameList(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean {
  if (a === undefined || b === undefined) {
    return a === b;
  }
  for (let index = 0; index < a.length; index++) {
    if (!Object.is(a[index], b[index])) {
      return false;
    }
  }
  return a.length === b.length;
}
