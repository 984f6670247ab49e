import { rowWriter } from "./colours.ts";
import type { TransformMethod } from "./inverse-dct.ts";
import { makePlane } from "./planes.ts";
import { type JpegLimits, readJpeg } from "./read-jpeg.ts";
import { rowSource } from "./upsample.ts";

/** What is made of a JPEG file. */
export interface JpegWish extends JpegLimits {
  /** 0 for as many as the file has, but at most three. */
  readonly channels: 0 | 1 | 3;
  readonly method: TransformMethod;
  /** Whether colours of fewer samples become smooth between them. */
  readonly smooth: boolean;
}

/** Pixels row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/**
 * The pixels of a JPEG file, to the bit as libjpeg-turbo makes them.
 * @throws ServingError `INVALID_ARGUMENT` for anything but a whole JPEG file, `RESOURCE_EXHAUSTED`, and what the clock throws
 */
export function decodeJpeg(content: Uint8Array, { channels: wanted, method, smooth, budget, clock }: JpegWish): Pixels {
  const { frame, colours, isAdobe, quantisations } = readJpeg(content, { budget, clock });
  const { width, height } = frame;
  const natural = frame.components.length === 1 ? 1 : 3;
  const channels = wanted === 0 ? natural : wanted;
  budget.take("uint8", width * height * channels);
  const writeRow = rowWriter(colours, channels, isAdobe);
  const sources = frame.components.map((component, index) => {
    const quantisation = quantisations[index] as Uint16Array;
    return rowSource(makePlane(component, quantisation, method, clock), frame, smooth);
  });
  const data = new Uint8ClampedArray(width * height * channels);
  for (let row = 0; row < height; row++) {
    clock?.expectTime();
    const rows = sources.map((source) => source(row));
    writeRow(rows, data.subarray(row * width * channels, (row + 1) * width * channels));
  }
  return { width, height, channels, data: new Uint8Array(data.buffer) };
}
