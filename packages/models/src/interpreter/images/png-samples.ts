import { inflateSync } from "node:zlib";

import type { Clock } from "../kernel.ts";
import { badPng, type PngFile } from "./png-chunks.ts";

const CHANNELS: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** Samples between two looks at the clock. */
const SAMPLES_BETWEEN_CHECKS = 2 ** 20;

/** A grid of pixels within the image: all of them, or those that one pass of an interlaced image brings. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
}

const WHOLE: readonly Pass[] = [{ x: 0, y: 0, stepX: 1, stepY: 1 }];
/** Adam7 (PNG 1.2, section 8.2). */
const INTERLACED: readonly Pass[] = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
];

/** Samples of each pixel in the file: its channels, or the number of an entry of the palette. */
export function channelsInFile({ colourType }: PngFile): number {
  return CHANNELS.get(colourType) ?? 1;
}

/**
 * The samples of all pixels as they are in the file, row by row.
 * @throws ServingError `INVALID_ARGUMENT` when there are more or fewer than the header says
 */
export function readSamples(file: PngFile, clock?: Clock): Uint16Array {
  const passes = (file.isInterlaced ? INTERLACED : WHOLE).map((pass) => sizeOf(file, pass)).filter(isFilled);
  const length = passes.reduce((total, { height, rowBytes }) => total + height * (rowBytes + 1), 0);
  clock?.expectTime();
  const raw = inflate(file.compressed, length);
  const samples = new Uint16Array(file.width * file.height * channelsInFile(file));
  let offset = 0;
  for (const pass of passes) {
    const end = offset + pass.height * (pass.rowBytes + 1);
    placeRows(file, pass, { raw: raw.subarray(offset, end), samples, clock });
    offset = end;
  }
  return samples;
}

interface SizedPass extends Pass {
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
}

function sizeOf(file: PngFile, pass: Pass): SizedPass {
  const width = Math.ceil((file.width - pass.x) / pass.stepX);
  const rowBytes = Math.ceil((width * channelsInFile(file) * file.bitDepth) / 8);
  return { ...pass, width, height: Math.ceil((file.height - pass.y) / pass.stepY), rowBytes };
}

function isFilled({ width, height }: SizedPass): boolean {
  return width > 0 && height > 0;
}

/** What comes out is bounded by what the header says, whatever the bytes would unfold to. */
function inflate(compressed: Uint8Array, length: number): Buffer {
  let raw: Buffer;
  try {
    raw = inflateSync(compressed, { maxOutputLength: Math.max(length, 1) });
  } catch {
    throw badPng("its pixels are damaged, or more than its header says");
  }
  if (raw.length < length) {
    throw badPng("its pixels are fewer than its header says");
  }
  return raw;
}

interface Placing {
  readonly raw: Buffer;
  readonly samples: Uint16Array;
  readonly clock: Clock | undefined;
}

function placeRows(file: PngFile, pass: SizedPass, { raw, samples, clock }: Placing): void {
  const rowsBetweenChecks = Math.max(1, Math.floor(SAMPLES_BETWEEN_CHECKS / pass.rowBytes));
  const channels = channelsInFile(file);
  const pixelBytes = Math.max(1, (channels * file.bitDepth) >> 3);
  let above: Buffer = Buffer.alloc(pass.rowBytes);
  for (let row = 0; row < pass.height; row++) {
    if (row % rowsBetweenChecks === 0) {
      clock?.expectTime();
    }
    const at = row * (pass.rowBytes + 1);
    const line = raw.subarray(at + 1, at + 1 + pass.rowBytes);
    undoFilter(raw[at] ?? 0, line, above, pixelBytes);
    above = line;
    const start = (pass.y + row * pass.stepY) * file.width;
    for (let column = 0; column < pass.width * channels; column++) {
      const pixel = start + pass.x + Math.floor(column / channels) * pass.stepX;
      samples[pixel * channels + (column % channels)] = sampleAt(line, column, file.bitDepth);
    }
  }
}

function sampleAt(line: Buffer, index: number, bitDepth: number): number {
  if (bitDepth === 16) {
    return line.readUInt16BE(index * 2);
  }
  const bit = index * bitDepth;
  const shift = 8 - bitDepth - (bit & 7);
  return ((line[bit >> 3] ?? 0) >> shift) & ((1 << bitDepth) - 1);
}

/** Undoes the filter of a line in place (PNG 1.2, section 6). */
function undoFilter(filter: number, line: Buffer, above: Buffer, pixelBytes: number): void {
  if (filter > 4) {
    throw badPng("a row has an unknown filter");
  }
  if (filter === 0) {
    return;
  }
  for (let index = 0; index < line.length; index++) {
    const left = index < pixelBytes ? 0 : (line[index - pixelBytes] as number);
    const aboveLeft = index < pixelBytes ? 0 : (above[index - pixelBytes] as number);
    line[index] = (line[index] as number) + predict(filter, left, above[index] as number, aboveLeft);
  }
}

function predict(filter: number, left: number, up: number, upLeft: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    default:
      return paeth(left, up, upLeft);
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [toLeft, toUp, toUpLeft] = [left, up, upLeft].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toUp && toLeft <= toUpLeft) {
    return left;
  }
  return toUp <= toUpLeft ? up : upLeft;
}
