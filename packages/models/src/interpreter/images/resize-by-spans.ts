import { type DataType, invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { integerVector } from "../integers.ts";
import type { Clock, Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { volume } from "../sparse/coordinates.ts";
import { coveredSpans, type Span, sampledSpans, samplingKernels } from "./span-weights.ts";

const PIXEL_TYPES: readonly DataType[] = ["uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64"];

/** Memory that a span takes besides its numbers. */
const SPAN_BYTES = 256;

/** Spans of the rows and columns of a result. */
type FindSpans = (
  from: readonly [height: number, width: number],
  to: readonly [height: number, width: number],
  inputs: readonly Tensor[],
) => readonly [rows: readonly Span[], columns: readonly Span[]];

/** ResizeArea: each pixel of the result is the mean of what it covers of the image. */
export const resizeArea: MakeKernel = (operation) => {
  const alignCorners = operation.flag("align_corners", false);
  return resizing(operation, ([height, width], [toHeight, toWidth]) => [
    coveredSpans(height, toHeight, alignCorners),
    coveredSpans(width, toWidth, alignCorners),
  ]);
};

/** ScaleAndTranslate: images scaled and moved, by one of several sampling kernels. */
export const scaleAndTranslate: MakeKernel = (operation) => {
  const name = operation.text("kernel_type", "lanczos3");
  const kernel = samplingKernels.get(name) ?? operation.refuse(`its kernel is ${name}`);
  const antialias = operation.flag("antialias", true);
  return resizing(operation, ([height, width], [toHeight, toWidth], [, , scales, translations]) => {
    const [scale, translation] = [pairOf(scales, "scale"), pairOf(translations, "translation")];
    if (!scale.every((factor) => factor > 0 && Number.isFinite(factor))) {
      throw invalidArgument("Scale must be greater than zero.");
    }
    const spans = (from: number, to: number, axis: 0 | 1): Span[] =>
      sampledSpans(from, to, { kernel, scale: scale[axis], translation: translation[axis], antialias });
    return [spans(height, toHeight, 0), spans(width, toWidth, 1)];
  });
};

function pairOf(tensor: Tensor | undefined, what: string): readonly [number, number] {
  const numbers = tensor?.data instanceof Float32Array ? tensor.data : [];
  const [first, second, ...others] = numbers;
  if (first === undefined || second === undefined || others.length > 0) {
    throw invalidArgument(`${what} must be two numbers`);
  }
  return [first, second];
}

function resizing(operation: NodeOperation<KnownInput>, findSpans: FindSpans): Kernel {
  const { dtype } = operation.input(0);
  if (!PIXEL_TYPES.includes(dtype)) {
    operation.refuse(`it scales ${dtype}`);
  }
  return {
    outputs: ["float32"],
    run: (inputs, clock) => {
      const [images, size] = inputs as [Tensor, Tensor];
      const [count = 0, height = 0, width = 0, channels = 0] = images.shape;
      const [toHeight = 0, toWidth = 0, ...others] = integerVector(size, "size");
      if (images.shape.length !== 4 || height === 0 || width === 0) {
        throw invalidArgument(`images must have four axes and pixels, not shape [${images.shape.join(",")}]`);
      }
      if (others.length > 0 || toHeight <= 0 || toWidth <= 0) {
        throw invalidArgument(`size must be two positive numbers, not [${[toHeight, toWidth, ...others].join(",")}]`);
      }
      const shape = [count, toHeight, toWidth, channels];
      const budget = new OutputBudget();
      budget.take("float32", volume(shape));
      budget.take("float64", toHeight * height + toWidth * width);
      budget.takeBytes((toHeight + toWidth) * SPAN_BYTES);
      const [rows, columns] = findSpans([height, width], [toHeight, toWidth], inputs);
      return [{ dtype: "float32", shape, data: scaleAll(images, rows, columns, clock) }];
    },
  };
}

function scaleAll(
  { shape, data }: Tensor,
  rows: readonly Span[],
  columns: readonly Span[],
  clock: Clock | undefined,
): Float32Array {
  const [count = 0, height = 0, width = 0, channels = 0] = shape;
  const source = isNumberData(data) ? data : new Float32Array();
  const rowLength = width * channels;
  const target = new Float32Array(count * rows.length * columns.length * channels);
  const mixed = new Float64Array(rowLength);
  for (let image = 0; image < count; image++) {
    for (const [row, span] of rows.entries()) {
      clock?.expectTime();
      mixed.fill(0);
      for (const [tap, pixel] of span.pixels.entries()) {
        addRow(mixed, source, (image * height + pixel) * rowLength, span.weights[tap] as number);
      }
      const to = (image * rows.length + row) * columns.length * channels;
      mixColumns(mixed, columns, channels, target.subarray(to));
    }
  }
  return target;
}

function addRow(mixed: Float64Array, source: ArrayLike<number | bigint>, from: number, weight: number): void {
  for (let index = 0; index < mixed.length; index++) {
    mixed[index] = (mixed[index] as number) + Number(source[from + index]) * weight;
  }
}

function mixColumns(mixed: Float64Array, columns: readonly Span[], channels: number, target: Float32Array): void {
  for (const [column, { pixels, weights }] of columns.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      target[column * channels + channel] = pixels.reduce(
        (sum, pixel, tap) => sum + (mixed[pixel * channels + channel] as number) * (weights[tap] as number),
        0,
      );
    }
  }
}
