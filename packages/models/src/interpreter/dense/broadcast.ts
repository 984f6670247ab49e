import { invalidArgument } from "@sealserve/protocol";

import { stridesOf } from "./walk.ts";

/** The shape that two shapes are repeated to. @throws ServingError `INVALID_ARGUMENT` */
export function broadcastTwo(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [sizeA = 1, sizeB = 1] = [a[axis - rank + a.length], b[axis - rank + b.length]];
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) {
      throw invalidArgument(`Incompatible shapes: [${a.join(",")}] vs. [${b.join(",")}]`);
    }
    return sizeA === 1 ? sizeB : sizeA;
  });
}

/** Strides of a tensor over the axes of a shape that it is repeated to. */
export function broadcastStrides(shape: readonly number[], whole: readonly number[]): number[] {
  const own = stridesOf(shape);
  return whole.map((_, axis) => {
    const place = axis - whole.length + shape.length;
    return place < 0 || shape[place] === 1 ? 0 : (own[place] as number);
  });
}
