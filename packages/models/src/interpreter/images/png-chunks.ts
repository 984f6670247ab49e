import { crc32 } from "node:zlib";

import { invalidArgument } from "@sealserve/protocol";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Colour type of images whose pixels are numbers of colours in a list. */
export const PALETTE = 3;
const COLOUR_TYPES: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** Chunks of one file, which may be empty and then take more memory than bytes. Pixels are mostly in chunks of 8 KiB. */
const MAX_CHUNKS = 2 ** 16;

/** What the chunks of a PNG file say (PNG 1.2, section 4). */
export interface PngFile {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** 0 for grey, 2 for colour, 3 for a palette, 4 for grey with alpha, 6 for colour with alpha. */
  readonly colourType: number;
  readonly isInterlaced: boolean;
  /** Red, green, blue of each entry. */
  readonly palette: Uint8Array;
  /** Alpha of each entry of the palette, or the colour that is transparent; undefined when nothing is. */
  readonly transparency: Uint8Array | undefined;
  /** The compressed pixels. */
  readonly compressed: Uint8Array;
}

/** Whether a file begins as a PNG. */
export function isPng(content: Uint8Array): boolean {
  return SIGNATURE.equals(content.subarray(0, SIGNATURE.length));
}

/** @throws ServingError `INVALID_ARGUMENT` for anything but a whole PNG file with right checksums */
export function readPng(content: Uint8Array): PngFile {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  if (!isPng(bytes)) {
    throw badPng("it does not begin as one");
  }
  const chunks = readChunks(bytes);
  const [header] = chunks;
  if (header?.type !== "IHDR" || header.data.length !== 13) {
    throw badPng("its first chunk is no header");
  }
  const find = (type: string): Buffer | undefined => chunks.find((chunk) => chunk.type === type)?.data;
  const pixels = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  return {
    ...readHeader(header.data),
    palette: find("PLTE") ?? new Uint8Array(),
    transparency: find("tRNS"),
    compressed: Buffer.concat(pixels),
  };
}

function readHeader(data: Buffer): Pick<PngFile, "width" | "height" | "bitDepth" | "colourType" | "isInterlaced"> {
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  const [bitDepth = 0, colourType = 0, compression, filter, interlace = 0] = data.subarray(8);
  const isKnown = COLOUR_TYPES.get(colourType)?.includes(bitDepth) === true && compression === 0 && filter === 0;
  if (!isKnown || width === 0 || height === 0 || interlace > 1) {
    throw badPng("its header is not valid");
  }
  return { width, height, bitDepth, colourType, isInterlaced: interlace === 1 };
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

function readChunks(bytes: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) {
      throw badPng("a chunk is cut off or damaged");
    }
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (chunks.length === MAX_CHUNKS) {
      throw badPng("it has too many chunks");
    }
    chunks.push({ type, data: bytes.subarray(at + 8, end) });
    if (type === "IEND") {
      return chunks;
    }
    at = end + 4;
  }
  throw badPng("it has no end");
}

/** @param reason completes "the PNG image cannot be decoded: " */
export function badPng(reason: string): Error {
  return invalidArgument(`the PNG image cannot be decoded: ${reason}`);
}
