import { badJpeg } from "./bad-jpeg.ts";
import type { ColourSpace } from "./read-jpeg.ts";

/** Bits behind the point of factors (jdcolor.c). */
const BITS = 16;
const HALF = 1 << (BITS - 1);
const MIDDLE = 128;
/** Parts of red, green and blue in grey. */
const GREY_PARTS = [0.299, 0.587, 0.114].map(fixed) as [number, number, number];

function fixed(factor: number): number {
  return Math.round(factor * 2 ** BITS);
}

/** What a colour difference, from -128 on, adds to a colour. */
function steps(factor: number, rounding: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, value) => fixed(factor) * (value - MIDDLE) + rounding);
}

const RED_OF_CR = steps(1.402, HALF).map((value) => value >> BITS);
const BLUE_OF_CB = steps(1.772, HALF).map((value) => value >> BITS);
const GREEN_OF_CR = steps(-0.71414, 0);
const GREEN_OF_CB = steps(-0.34414, HALF);

const NONE = new Uint8Array();

/** Rows of samples, one for each component. */
type Rows = readonly Uint8Array[];

/** Writes one row of pixels. */
export type WriteRow = (rows: Rows, target: Uint8ClampedArray) => void;

/**
 * How rows of samples become rows of pixels (libjpeg's jdcolor.c, and for inks TensorFlow's jpeg_mem.cc).
 * @param isAdobe whether inks are kept the other way round
 * @throws ServingError `INVALID_ARGUMENT` for grey out of inks
 */
export function rowWriter(colours: ColourSpace, channels: 1 | 3, isAdobe: boolean): WriteRow {
  if (channels === 1) {
    return greyWriter(colours);
  }
  if (colours === "grey") {
    return ([grey], target) => interleave([grey, grey, grey], target);
  }
  if (colours === "rgb") {
    return interleave;
  }
  return colours === "ycc" ? writeYcc : inkWriter(colours === "ycck", isAdobe);
}

function greyWriter(colours: ColourSpace): WriteRow {
  if (colours === "cmyk" || colours === "ycck") {
    throw badJpeg("it is made of four inks, of which there is no grey");
  }
  return colours === "rgb" ? writeGreyOfRgb : ([grey], target) => interleave([grey], target);
}

function interleave(rows: readonly (Uint8Array | undefined)[], target: Uint8ClampedArray): void {
  for (const [channel, row] of rows.entries()) {
    for (let column = 0; column * rows.length < target.length; column++) {
      target[column * rows.length + channel] = row?.[column] as number;
    }
  }
}

function writeGreyOfRgb([red, green, blue]: Rows, target: Uint8ClampedArray): void {
  const [ofRed, ofGreen, ofBlue] = GREY_PARTS;
  for (let column = 0; column < target.length; column++) {
    const [r, g, b] = [red?.[column] as number, green?.[column] as number, blue?.[column] as number];
    target[column] = (r * ofRed + g * ofGreen + b * ofBlue + HALF) >> BITS;
  }
}

function writeYcc([luma = NONE, blue = NONE, red = NONE]: Rows, target: Uint8ClampedArray): void {
  for (let column = 0, place = 0; place < target.length; column++, place += 3) {
    const y = luma[column] as number;
    const cb = blue[column] as number;
    const cr = red[column] as number;
    target[place] = y + (RED_OF_CR[cr] as number);
    target[place + 1] = y + (((GREEN_OF_CB[cb] as number) + (GREEN_OF_CR[cr] as number)) >> BITS);
    target[place + 2] = y + (BLUE_OF_CB[cb] as number);
  }
}

/** Red, green and blue that are left by cyan, magenta and yellow under black. */
function inkWriter(isYcck: boolean, isAdobe: boolean): WriteRow {
  return (rows, target) => {
    const inks = isYcck ? inksOfYcc(rows, target.length) : undefined;
    const black = rows[3];
    for (let place = 0; place < target.length; place++) {
      const column = Math.floor(place / 3);
      const ink = inks === undefined ? (rows[place % 3]?.[column] as number) : (inks[place] as number);
      const key = black?.[column] as number;
      target[place] = Math.floor((isAdobe ? ink * key : (255 - ink) * (255 - key)) / 255);
    }
  };
}

function inksOfYcc(rows: Rows, length: number): Uint8ClampedArray {
  const colours = new Uint8ClampedArray(length);
  writeYcc(rows, colours);
  return colours.map((value) => 255 - value);
}
