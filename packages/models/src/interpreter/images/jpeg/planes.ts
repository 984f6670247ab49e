import type { Clock } from "../../kernel.ts";
import { BLOCK_LENGTH, BLOCK_SIZE, type Component } from "./frame.ts";
import { inverseTransform, type TransformMethod } from "./inverse-dct.ts";

/** The samples of a component. Those beyond its width and height only fill blocks up. */
export interface Plane {
  readonly component: Component;
  readonly samples: Uint8Array;
  /** Samples in a row. */
  readonly stride: number;
}

/** Turns the coefficients of a component into samples. @throws what the clock throws */
export function makePlane(
  component: Component,
  quantisation: Uint16Array,
  method: TransformMethod,
  clock: Clock | undefined,
): Plane {
  const { coefficients, blocksPerRow } = component;
  const transform = inverseTransform(method, quantisation);
  const samples = new Uint8Array(coefficients.length);
  const stride = blocksPerRow * BLOCK_SIZE;
  for (let block = 0; block * BLOCK_LENGTH < coefficients.length; block++) {
    const column = block % blocksPerRow;
    if (column === 0) {
      clock?.expectTime();
    }
    const row = (block - column) / blocksPerRow;
    const at = row * BLOCK_SIZE * stride + column * BLOCK_SIZE;
    transform.apply(coefficients, block * BLOCK_LENGTH, { samples, at, stride });
  }
  return { component, samples, stride };
}
