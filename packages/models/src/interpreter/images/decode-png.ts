import { invalidArgument } from "@sealserve/protocol";

import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "../strings/strings.ts";
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

/** DecodePng: the pixels of one PNG image as height, width, channels. Other formats are not decoded. */
export const decodePng: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const wanted = operation.integer("channels", 0);
  const type = operation.type("dtype", "uint8");
  const isKnown = [0, 1, 3, 4].includes(wanted) && (type === "uint8" || type === "uint16");
  const dtype = isKnown ? type : operation.refuse(`it makes ${wanted} channels of ${type}`);
  return {
    outputs: [dtype],
    run: ([contents], clock) => {
      const [content, ...others] = stringsOf(contents);
      if (content === undefined || others.length > 0) {
        throw invalidArgument("contents must be one string");
      }
      const file = readPng(content);
      const channels = wanted === 0 ? naturalChannels(file) : wanted;
      const pixels = file.width * file.height;
      const budget = new OutputBudget();
      budget.take("uint16", pixels * 5);
      budget.take(dtype, pixels * channels);
      const samples = readSamples(file, clock);
      if (dtype === "uint8" && isAsWanted(file, channels)) {
        return [{ dtype, shape: [file.height, file.width, channels], data: Uint8Array.from(samples) }];
      }
      const data = convertPixels(file, samples, { dtype, channels, clock });
      return [{ dtype, shape: [file.height, file.width, channels], data }];
    },
  };
};

interface Wanted {
  readonly dtype: "uint8" | "uint16";
  readonly channels: number;
  readonly clock: Clock | undefined;
}

function convertPixels(
  file: PngFile,
  samples: Uint16Array,
  { dtype, channels, clock }: Wanted,
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
