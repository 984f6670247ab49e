import type { Tensor } from "@sealserve/protocol";

import type { Clock } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { PALETTE, type PngFile, readPng } from "./png-chunks.ts";
import { colourReader, depthChanger, inChannels, naturalChannels, readingDepth } from "./png-colours.ts";
import { channelsInFile, readSamples } from "./png-samples.ts";

/** A file of few bytes may unfold to many pixels. */
const PIXELS_BETWEEN_CHECKS = 2 ** 16;

/** Whether the samples of a file are the bytes that are wanted, as those of most images are. */
function isAsWanted(file: PngFile, channels: number): boolean {
  const isPlain = file.bitDepth === 8 && file.colourType !== PALETTE && file.transparency === undefined;
  return isPlain && channelsInFile(file) === channels;
}

/** What is made of a PNG file. */
export interface PngWish {
  /** 0 for as many as the file has. */
  readonly channels: number;
  readonly dtype: "uint8" | "uint16";
  readonly clock: Clock | undefined;
}

/**
 * The pixels of a PNG file as height, width, channels.
 * @throws ServingError `INVALID_ARGUMENT` for anything but a whole PNG file, `RESOURCE_EXHAUSTED`, and what the clock throws
 */
export function decodePng(content: Uint8Array, { channels: wanted, dtype, clock }: PngWish): Tensor {
  const file = readPng(content);
  const channels = wanted === 0 ? naturalChannels(file) : wanted;
  const pixels = file.width * file.height;
  const budget = new OutputBudget();
  budget.take("uint16", pixels * 5);
  budget.take(dtype, pixels * channels);
  const samples = readSamples(file, clock);
  const shape = [file.height, file.width, channels];
  if (dtype === "uint8" && isAsWanted(file, channels)) {
    return { dtype, shape, data: Uint8Array.from(samples) };
  }
  return { dtype, shape, data: convertPixels(file, samples, { dtype, channels, clock }) };
}

function convertPixels(
  file: PngFile,
  samples: Uint16Array,
  { dtype, channels, clock }: PngWish,
): Uint8Array | Uint16Array {
  const pixels = file.width * file.height;
  const data = dtype === "uint8" ? new Uint8Array(pixels * channels) : new Uint16Array(pixels * channels);
  const depth = readingDepth(file);
  const colourOf = colourReader(file, samples);
  const inDepth = depthChanger(depth, dtype === "uint8" ? 8 : 16);
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (pixel % PIXELS_BETWEEN_CHECKS === 0) {
      clock?.expectTime();
    }
    data.set(inChannels(colourOf(pixel), channels, depth).map(inDepth), pixel * channels);
  }
  return data;
}
