import { badPng, PALETTE, type PngFile } from "./png-chunks.ts";
import { channelsInFile } from "./png-samples.ts";

/** Weights of red, green and blue in grey, of 2^15: those that TensorFlow hands to libpng, which take green for blue. */
const GREY_WEIGHTS = [9798, 3736, 19234] as const;

/** One pixel: red, green, blue and alpha, from 0 to the largest value of the wanted depth. */
type Colour = [red: number, green: number, blue: number, alpha: number];

/** Number of channels that a file has by itself. */
export function naturalChannels(file: PngFile): number {
  if (file.colourType === PALETTE) {
    return file.transparency === undefined ? 3 : 4;
  }
  return channelsInFile(file);
}

/**
 * Gives the colour of pixels.
 * @param largest 255 or 65535: the largest value of a channel
 * @throws ServingError `INVALID_ARGUMENT` for entries that the palette lacks
 */
export function colourReader(file: PngFile, samples: Uint16Array, largest: number): (pixel: number) => Colour {
  const channels = channelsInFile(file);
  const scale = depthScale(file.bitDepth, largest);
  if (file.colourType === PALETTE) {
    return (pixel) => paletteColour(file, samples[pixel] as number, largest / 255);
  }
  const transparent = transparentSamples(file);
  const hasAlpha = channels % 2 === 0;
  return (pixel) => {
    const own = samples.subarray(pixel * channels, (pixel + 1) * channels);
    const colour = Array.from(own, scale);
    const [red = 0, green = red, blue = red] = channels < 3 ? colour.slice(0, 1) : colour;
    const isClear = transparent?.every((value, index) => value === own[index]) === true;
    return [red, green, blue, hasAlpha ? (colour.at(-1) as number) : isClear ? 0 : largest];
  };
}

/** The pixel in a number of channels: grey, grey and alpha, colour, colour and alpha. */
export function inChannels([red, green, blue, alpha]: Colour, channels: number, isGrey: boolean): number[] {
  if (channels >= 3) {
    return [red, green, blue, alpha].slice(0, channels);
  }
  const [ofRed, ofGreen, ofBlue] = GREY_WEIGHTS;
  const grey = isGrey ? red : (ofRed * red + ofGreen * green + ofBlue * blue + 2 ** 14) >>> 15;
  return [grey, alpha].slice(0, channels);
}

function depthScale(bitDepth: number, largest: number): (sample: number) => number {
  if (bitDepth === 16) {
    return largest === 255 ? (sample) => sample >> 8 : (sample) => sample;
  }
  const factor = largest / (2 ** bitDepth - 1);
  return (sample) => sample * factor;
}

function paletteColour({ palette, transparency }: PngFile, entry: number, factor: number): Colour {
  const [red, green, blue] = palette.subarray(entry * 3, entry * 3 + 3);
  if (red === undefined || green === undefined || blue === undefined) {
    throw badPng("a pixel has a colour that its palette lacks");
  }
  return [red * factor, green * factor, blue * factor, (transparency?.[entry] ?? 255) * factor];
}

/** Samples of the colour that is transparent, two bytes each. */
function transparentSamples({ transparency, colourType }: PngFile): number[] | undefined {
  if (transparency === undefined || colourType > PALETTE) {
    return undefined;
  }
  const bytes = Buffer.from(transparency);
  const count = colourType === 0 ? 1 : 3;
  return bytes.length < count * 2
    ? undefined
    : Array.from({ length: count }, (_, index) => bytes.readUInt16BE(index * 2));
}
