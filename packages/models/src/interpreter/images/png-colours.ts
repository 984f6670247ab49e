import { badPng, PALETTE, type PngFile } from "./png-chunks.ts";
import { channelsInFile } from "./png-samples.ts";

/** Weights of red, green and blue in grey, of 2^15: those that TensorFlow hands to libpng, which take green for blue. */
const GREY_WEIGHTS = [9798, 3736, 19234] as const;

/** One pixel: red, green, blue and alpha, from 0 to the largest value of the depth it is read in. */
type Colour = [red: number, green: number, blue: number, alpha: number];

/** Number of channels that a file has by itself. */
export function naturalChannels(file: PngFile): number {
  if (file.colourType === PALETTE) {
    return file.transparency === undefined ? 3 : 4;
  }
  return channelsInFile(file);
}

/** The depth in bits that pixels are read in: libpng makes bytes of less than a byte, and leaves two bytes as they are. */
export function readingDepth({ bitDepth }: PngFile): 8 | 16 {
  return bitDepth === 16 ? 16 : 8;
}

/**
 * Gives the colour of pixels, in their {@link readingDepth}.
 * @throws ServingError `INVALID_ARGUMENT` for entries that the palette lacks
 */
export function colourReader(file: PngFile, samples: Uint16Array): (pixel: number) => Colour {
  const largest = 2 ** readingDepth(file) - 1;
  const channels = channelsInFile(file);
  const factor = largest / (2 ** file.bitDepth - 1);
  if (file.colourType === PALETTE) {
    return (pixel) => paletteColour(file, samples[pixel] as number);
  }
  const transparent = transparentSamples(file);
  const hasAlpha = channels % 2 === 0;
  return (pixel) => {
    const own = samples.subarray(pixel * channels, (pixel + 1) * channels);
    const colour = Array.from(own, (sample) => sample * factor);
    const [red = 0, green = red, blue = red] = channels < 3 ? colour.slice(0, 1) : colour;
    const isClear = transparent?.every((value, index) => value === own[index]) === true;
    return [red, green, blue, hasAlpha ? (colour.at(-1) as number) : isClear ? 0 : largest];
  };
}

/**
 * The pixel in a number of channels: grey, grey and alpha, colour, colour and alpha. As libpng does (pngrtran.c,
 * png_do_rgb_to_gray), grey is rounded in 16 bits and cut off in 8.
 */
export function inChannels([red, green, blue, alpha]: Colour, channels: number, depth: 8 | 16): number[] {
  if (channels >= 3) {
    return [red, green, blue, alpha].slice(0, channels);
  }
  const [ofRed, ofGreen, ofBlue] = GREY_WEIGHTS;
  const grey = (ofRed * red + ofGreen * green + ofBlue * blue + (depth === 16 ? 2 ** 14 : 0)) >>> 15;
  return [grey, alpha].slice(0, channels);
}

/** A channel in another depth: two bytes lose the lower one, and a byte becomes both. */
export function depthChanger(from: 8 | 16, to: 8 | 16): (value: number) => number {
  if (from === to) {
    return (value) => value;
  }
  return from === 16 ? (value) => value >> 8 : (value) => value * 257;
}

function paletteColour({ palette, transparency }: PngFile, entry: number): Colour {
  const [red, green, blue] = palette.subarray(entry * 3, entry * 3 + 3);
  if (red === undefined || green === undefined || blue === undefined) {
    throw badPng("a pixel has a colour that its palette lacks");
  }
  return [red, green, blue, transparency?.[entry] ?? 255];
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
