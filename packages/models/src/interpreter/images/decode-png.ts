import { invalidArgument, makeNumbers } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "../strings/strings.ts";
import { PALETTE, type PngFile, readPng } from "./png-chunks.ts";
import { colourReader, inChannels, naturalChannels } from "./png-colours.ts";
import { channelsInFile, readSamples } from "./png-samples.ts";

/** Whether the samples of a file are the bytes that are wanted, as those of most images are. */
function isAsWanted(file: PngFile, channels: number): boolean {
  const isPlain = file.bitDepth === 8 && file.colourType !== PALETTE && file.transparency === undefined;
  return isPlain && channelsInFile(file) === channels;
}

/** DecodePng: the pixels of one PNG image as height, width, channels. Other formats are not decoded. */
export const decodePng: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const wanted = operation.integer("channels", 0);
  const dtype = operation.type("dtype", "uint8");
  if (![0, 1, 3, 4].includes(wanted) || (dtype !== "uint8" && dtype !== "uint16")) {
    operation.refuse(`it makes ${wanted} channels of ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: ([contents]) => {
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
      const samples = readSamples(file);
      if (dtype === "uint8" && isAsWanted(file, channels)) {
        return [{ dtype, shape: [file.height, file.width, channels], data: Uint8Array.from(samples) }];
      }
      const data = makeNumbers(dtype, pixels * channels);
      const colourOf = colourReader(file, samples, dtype === "uint8" ? 255 : 65_535);
      const isGrey = file.colourType === 0 || file.colourType === 4;
      for (let pixel = 0; pixel < pixels; pixel++) {
        data.set(inChannels(colourOf(pixel), channels, isGrey) as never, pixel * channels);
      }
      return [{ dtype, shape: [file.height, file.width, channels], data }];
    },
  };
};
