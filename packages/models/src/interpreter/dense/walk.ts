import type { Clock } from "../kernel.ts";

/** Elements between two looks at the clock. */
const ELEMENTS_BETWEEN_CHECKS = 2 ** 16;

/** How far apart in row-major order neighbours along each axis of a shape are. */
export function stridesOf(shape: readonly number[]): number[] {
  let stride = 1;
  const reversed = shape.toReversed().map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
  return reversed.toReversed();
}

/**
 * Visits the places of a shape in row-major order.
 * @param strides for each of several tensors, how far its neighbours along each axis of the shape are apart; 0 for an axis it
 *   lacks or repeats
 * @param visit gets the place and where each tensor stands there; the list is the same one each time
 */
export function walk(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (place: number, offsets: readonly number[]) => void,
  clock: Clock | undefined,
): void {
  const count = shape.reduce((product, size) => product * size, 1);
  const at = shape.map(() => 0);
  const offsets = strides.map(() => 0);
  for (let place = 0; place < count; place++) {
    if (place % ELEMENTS_BETWEEN_CHECKS === 0) {
      clock?.expectTime();
    }
    visit(place, offsets);
    step(shape, strides, at, offsets);
  }
}

/** Goes on to the next place: along the last axis, and where that ends along the one before it. */
function step(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  at: number[],
  offsets: number[],
): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    const next = (at[axis] as number) + 1;
    const moved = next < size ? 1 : 1 - size;
    at[axis] = next < size ? next : 0;
    for (let tensor = 0; tensor < strides.length; tensor++) {
      offsets[tensor] = (offsets[tensor] as number) + moved * (strides[tensor]?.[axis] as number);
    }
    if (next < size) {
      return;
    }
  }
}
