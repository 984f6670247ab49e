import { type DataType, invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import { integerVector } from "../integers.ts";
import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { volume } from "../sparse/coordinates.ts";
import { type AxisWeights, axisWeights, TAPS } from "./bicubic-weights.ts";

const PIXEL_TYPES: readonly DataType[] = ["uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64"];

/** ResizeBicubic: images in another height and width, as floats, each pixel of 4 by 4 of the image. */
export const resizeBicubic: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const form = {
    alignCorners: operation.flag("align_corners", false),
    halfPixelCenters: operation.flag("half_pixel_centers", false),
  };
  if (!PIXEL_TYPES.includes(dtype)) {
    operation.refuse(`it scales ${dtype}`);
  }
  if (form.alignCorners && form.halfPixelCenters) {
    operation.refuse("it aligns corners and has half pixel centers");
  }
  return {
    outputs: ["float32"],
    run: ([images, size], clock) => {
      const { shape, data } = images as Tensor;
      const [count = 0, height = 0, width = 0, channels = 0] = shape;
      const [toHeight = 0, toWidth = 0, ...others] = integerVector(size, "size");
      expectSizes(shape, [toHeight, toWidth, ...others]);
      const result = [count, toHeight, toWidth, channels];
      new OutputBudget().take("float32", volume(result) + toHeight * TAPS * 2 + toWidth * TAPS * 2);
      const scaling: Scaling = {
        rows: axisWeights(height, toHeight, form),
        columns: axisWeights(width, toWidth, form),
        from: { height, width, channels },
      };
      return [{ dtype: "float32", shape: result, data: scaleAll(numbersOf(data), count, scaling, clock) }];
    },
  };
};

function expectSizes(shape: readonly number[], size: readonly number[]): void {
  if (shape.length !== 4 || shape[1] === 0 || shape[2] === 0) {
    throw invalidArgument(`images must have four axes and pixels, not shape [${shape.join(",")}]`);
  }
  if (size.length !== 2 || size.some((length) => length <= 0)) {
    throw invalidArgument(`size must be two positive numbers, not [${size.join(",")}]`);
  }
}

function numbersOf(data: Tensor["data"]): ArrayLike<number> {
  if (!isNumberData(data)) {
    return [];
  }
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data;
}

interface Scaling {
  readonly rows: AxisWeights;
  readonly columns: AxisWeights;
  /** Sizes of an image. */
  readonly from: { readonly height: number; readonly width: number; readonly channels: number };
}

function scaleAll(source: ArrayLike<number>, count: number, scaling: Scaling, clock: Clock | undefined): Float32Array {
  const { rows, columns, from } = scaling;
  const [toHeight, toWidth] = [rows.pixels.length / TAPS, columns.pixels.length / TAPS];
  const rowLength = from.width * from.channels;
  const target = new Float32Array(count * toHeight * toWidth * from.channels);
  const mixed = new Float32Array(rowLength);
  for (let row = 0; row < count * toHeight; row++) {
    clock?.expectTime();
    const image = Math.floor(row / toHeight) * from.height;
    mixRows(source, { rows, place: row % toHeight, at: image * rowLength, mixed });
    mixColumns(mixed, columns, from.channels, target.subarray(row * toWidth * from.channels));
  }
  return target;
}

interface RowMix {
  readonly rows: AxisWeights;
  /** Which row of the result. */
  readonly place: number;
  /** Where the image begins. */
  readonly at: number;
  readonly mixed: Float32Array;
}

/** Four rows of the image in one. */
function mixRows(source: ArrayLike<number>, { rows: { pixels, weights }, place, at, mixed }: RowMix): void {
  const [w0, w1, w2, w3] = tapsOf(weights, place);
  const [r0, r1, r2, r3] = tapsOf(pixels, place).map((row) => at + row * mixed.length) as [
    number,
    number,
    number,
    number,
  ];
  for (let index = 0; index < mixed.length; index++) {
    const above = (source[r0 + index] as number) * w0 + (source[r1 + index] as number) * w1;
    const below = (source[r2 + index] as number) * w2 + (source[r3 + index] as number) * w3;
    mixed[index] = above + below;
  }
}

/** Each pixel of a row of the result out of four of the row that was mixed. */
function mixColumns(
  mixed: Float32Array,
  { pixels, weights }: AxisWeights,
  channels: number,
  target: Float32Array,
): void {
  for (let place = 0; place < pixels.length / TAPS; place++) {
    const [w0, w1, w2, w3] = tapsOf(weights, place);
    const [p0, p1, p2, p3] = tapsOf(pixels, place);
    for (let channel = 0; channel < channels; channel++) {
      const left = (mixed[p0 * channels + channel] as number) * w0 + (mixed[p1 * channels + channel] as number) * w1;
      const right = (mixed[p2 * channels + channel] as number) * w2 + (mixed[p3 * channels + channel] as number) * w3;
      target[place * channels + channel] = left + right;
    }
  }
}

function tapsOf(list: Int32Array | Float32Array, place: number): [number, number, number, number] {
  const at = place * TAPS;
  return [list[at] as number, list[at + 1] as number, list[at + 2] as number, list[at + 3] as number];
}
