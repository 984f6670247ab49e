import { type DataType, invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import { integersOf, integerVector } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { volume } from "../sparse/coordinates.ts";

const PIXEL_TYPES: readonly DataType[] = ["uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64"];

/** Memory that a row or a column of a crop takes besides its pixels, of which there may be none. */
const PLACE_BYTES = 128;

/** Where a row or a column of a crop is in the image: between two of its own, or nowhere. */
interface Between {
  readonly first: number;
  readonly second: number;
  /** How near it is to the second one. */
  readonly weight: number;
}

/** CropAndResize: parts of images, all scaled to one size, as floats. What is outside of the image is of one value. */
export const cropAndResize: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const method = operation.text("method", "bilinear");
  if (!PIXEL_TYPES.includes(dtype) || (method !== "bilinear" && method !== "nearest")) {
    operation.refuse(`it scales ${dtype} by ${JSON.stringify(method)}`);
  }
  const outside = operation.float("extrapolation_value", 0);
  return {
    outputs: ["float32"],
    run: ([images, boxes, places, size], clock) => {
      const given = images as Tensor;
      const [rows = 0, columns = 0, ...more] = integerVector(size, "crop_size");
      const crops = readCrops(given, boxes as Tensor, places as Tensor);
      if (more.length > 0 || rows <= 0 || columns <= 0) {
        throw invalidArgument("crop dimensions must be two positive numbers");
      }
      const channels = given.shape[3] ?? 0;
      const shape = [crops.length, rows, columns, channels];
      const budget = new OutputBudget();
      budget.take("float32", volume(shape));
      budget.takeBytes((rows + columns) * PLACE_BYTES);
      const result = new Float32Array(volume(shape)).fill(outside);
      const length = rows * columns * channels;
      for (const [place, crop] of crops.entries()) {
        clock?.expectTime();
        const part = result.subarray(place * length, (place + 1) * length);
        fillCrop(part, given, crop, { rows, columns, mix: method === "nearest" ? nearest : bilinear });
      }
      return [{ dtype: "float32", shape, data: result }];
    },
  };
};

interface Crop {
  readonly image: number;
  readonly box: Box;
}

interface CropForm {
  readonly rows: number;
  readonly columns: number;
  readonly mix: Mix;
}

/** Sets the pixels of a crop that are in the image. */
function fillCrop(part: Float32Array, { shape, data }: Tensor, { image, box }: Crop, form: CropForm): void {
  const [, height = 0, width = 0, channels = 0] = shape;
  const [top, left, bottom, right] = box;
  const pixels = isNumberData(data) ? data : new Float32Array();
  const ys = placesAlong(top, bottom, height, form.rows);
  const xs = placesAlong(left, right, width, form.columns);
  for (const [row, y] of inImage(ys)) {
    for (const [column, x] of inImage(xs)) {
      const to = (row * form.columns + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        part[to + channel] = form.mix(y, x, (atRow, atColumn) =>
          Number(pixels[((image * height + atRow) * width + atColumn) * channels + channel]),
        );
      }
    }
  }
}

/** Rows or columns that are somewhere in the image, with their numbers. */
function inImage(places: readonly (Between | undefined)[]): [number, Between][] {
  return places.flatMap((place, index): [number, Between][] => (place === undefined ? [] : [[index, place]]));
}

type Box = readonly [top: number, left: number, bottom: number, right: number];

function readCrops({ shape }: Tensor, boxes: Tensor, places: Tensor): Crop[] {
  const [count = 0, height = 0, width = 0] = shape;
  const indices = integersOf(places, "box_ind");
  if (shape.length !== 4 || height === 0 || width === 0) {
    throw invalidArgument(`image must have four axes and pixels, not shape [${shape.join(",")}]`);
  }
  if (boxes.shape.length !== 2 || boxes.shape[1] !== 4 || places.shape.join() !== `${boxes.shape[0]}`) {
    throw invalidArgument("boxes must be rows of 4, and box_ind as many");
  }
  return indices.map((image, row) => {
    if (image < 0 || image >= count) {
      throw invalidArgument(`box_ind has values outside [0, ${count})`);
    }
    const [top = 0, left = 0, bottom = 0, right = 0] = Array.from(boxes.data.slice(4 * row, 4 * row + 4), Number);
    return { image, box: [top, left, bottom, right] };
  });
}

/** In float32, as TensorFlow works them out: a place at the very edge is in the image or not by its last bit. */
function placesAlong(start: number, end: number, size: number, count: number): (Between | undefined)[] {
  const { fround } = Math;
  const scale = count > 1 ? fround(fround(fround(end - start) * (size - 1)) / (count - 1)) : 0;
  return Array.from({ length: count }, (_, index) => {
    const place =
      count > 1
        ? fround(fround(start * (size - 1)) + fround(index * scale))
        : fround(fround(0.5 * fround(start + end)) * (size - 1));
    if (!(place >= 0 && place <= size - 1)) {
      return undefined;
    }
    const first = Math.floor(place);
    return { first, second: Math.ceil(place), weight: fround(place - first) };
  });
}

type Mix = (y: Between, x: Between, pixel: (row: number, column: number) => number) => number;

const bilinear: Mix = (y, x, pixel) => {
  const row = (at: number): number => {
    const left = pixel(at, x.first);
    return left + (pixel(at, x.second) - left) * x.weight;
  };
  const top = row(y.first);
  return top + (row(y.second) - top) * y.weight;
};

/** Half way between two, the second one. */
const nearest: Mix = (y, x, pixel) => {
  const closest = ({ first, second, weight }: Between): number => (weight >= 0.5 ? second : first);
  return pixel(closest(y), closest(x));
};
