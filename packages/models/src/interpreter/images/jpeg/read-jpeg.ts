import type { Clock } from "../../kernel.ts";
import type { OutputBudget } from "../../output-budget.ts";
import { badJpeg } from "./bad-jpeg.ts";
import { ZIGZAG } from "./block-readers.ts";
import { BLOCK_LENGTH, type Component, type Frame, readFrame } from "./frame.ts";
import { HuffmanTable } from "./huffman-table.ts";
import { readScan, readScanData, type Scan } from "./scan.ts";

/** Each scan goes over the whole image, whatever it brings. Those of published images are 20 at most. */
const MAX_SCANS = 100;
/**
 * Coefficients that scans may go over for each block. A scan may bring a block in no bits at all, so that reading takes time that
 * the length of the file does not bound. Usual files bring each coefficient in three or four scans.
 */
const COEFFICIENTS_PER_BLOCK = 6 * BLOCK_LENGTH;
/** The same for each byte of the file, for small images of many scans, and large ones in fine steps. */
const COEFFICIENTS_PER_BYTE = 64;
/** What it takes to come to a block, in coefficients. */
const COEFFICIENTS_PER_VISIT = 8;
/** Bytes before the symbols of a table of codes: its number, and how many there are of each length. */
const CODE_COUNTS = 17;

/** How the samples of an image are to be taken for colours. */
export type ColourSpace = "grey" | "rgb" | "ycc" | "cmyk" | "ycck";

/** What a JPEG file says, before coefficients become pixels. */
export interface JpegFile {
  readonly frame: Frame;
  readonly colours: ColourSpace;
  /** Whether an Adobe program wrote it, which keeps inks the other way round. */
  readonly isAdobe: boolean;
  /** What the coefficients of each component are multiples of, in the order of rows. */
  readonly quantisations: readonly Uint16Array[];
}

/** What reading a file may take. */
export interface JpegLimits {
  readonly budget: OutputBudget;
  readonly clock: Clock | undefined;
}

/** Whether a file begins as a JPEG. */
export function isJpeg(content: Uint8Array): boolean {
  return content[0] === 0xff && content[1] === 0xd8 && content[2] === 0xff;
}

/**
 * Reads a JPEG file whose coefficients are coded by Huffman's method, in sequence or progressively (T.81, processes 1 to 2).
 * @throws ServingError `INVALID_ARGUMENT` for anything else, or one that is damaged or cut off; `RESOURCE_EXHAUSTED`
 */
export function readJpeg(content: Uint8Array, limits: JpegLimits): JpegFile {
  return new JpegReader(content, limits).read();
}

class JpegReader {
  readonly #bytes: Buffer;
  readonly #limits: JpegLimits;
  readonly #dc = new Map<number, HuffmanTable>();
  readonly #ac = new Map<number, HuffmanTable>();
  readonly #tables = new Map<number, Uint16Array>();
  /** Tables as they were when the first scan of a component began. */
  readonly #quantisations = new Map<Component, Uint16Array>();
  #frame: Frame | undefined;
  #restartInterval = 0;
  #isJfif = false;
  /** What Adobe's marker says of colours. */
  #adobe: number | undefined;
  #scans = 0;
  /** How many coefficients scans have gone over. */
  #visited = 0;

  constructor(content: Uint8Array, limits: JpegLimits) {
    this.#bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
    this.#limits = limits;
  }

  read(): JpegFile {
    if (!isJpeg(this.#bytes)) {
      throw badJpeg("it does not begin as one");
    }
    for (let at = 2; ; ) {
      const { marker, from } = this.#findMarker(at);
      if (marker === 0xd9) {
        return this.#finish();
      }
      const end = from + (from + 2 <= this.#bytes.length ? this.#bytes.readUInt16BE(from) : 0);
      if (end < from + 2 || end > this.#bytes.length) {
        throw badJpeg("it is cut off");
      }
      at = this.#readSegment(marker, this.#bytes.subarray(from + 2, end), end);
    }
  }

  /** The next marker that is none within pixels. */
  #findMarker(at: number): { marker: number; from: number } {
    for (let place = this.#bytes.indexOf(0xff, at); place >= 0; place = this.#bytes.indexOf(0xff, place + 1)) {
      const marker = this.#bytes[place + 1] ?? 0;
      const isRestart = marker >= 0xd0 && marker <= 0xd7;
      if (marker !== 0 && marker !== 0xff && !isRestart) {
        return { marker, from: place + 2 };
      }
    }
    throw badJpeg("it has no end");
  }

  /** @returns where the next marker is looked for */
  #readSegment(marker: number, data: Buffer, end: number): number {
    switch (marker) {
      case 0xc0:
      case 0xc1:
      case 0xc2:
        this.#readFrame(data, marker === 0xc2);
        break;
      case 0xc4:
        this.#readCodes(data);
        break;
      case 0xdb:
        this.#readQuantisations(data);
        break;
      case 0xdd:
        this.#restartInterval = data.length === 2 ? data.readUInt16BE(0) : failShort();
        break;
      case 0xda:
        return this.#readScan(data, end);
      case 0xe0:
        this.#isJfif ||= data.toString("latin1", 0, 5) === "JFIF\0";
        break;
      case 0xee:
        this.#adobe = data.length >= 12 && data.toString("latin1", 0, 5) === "Adobe" ? data[11] : this.#adobe;
        break;
      default:
        expectIgnorable(marker);
    }
    return end;
  }

  #readFrame(data: Buffer, isProgressive: boolean): void {
    if (this.#frame !== undefined) {
      throw badJpeg("it has two frames");
    }
    this.#frame = readFrame(data.length > 5 ? data : failShort(), isProgressive, {
      budget: this.#limits.budget,
      bytes: this.#bytes.length,
    });
  }

  #readCodes(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const name = data[at] ?? 0;
      const counts = data.subarray(at + 1, at + CODE_COUNTS);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const end = at + CODE_COUNTS + total;
      if (end > data.length || total > 256 || (name & 15) > 3 || name >> 4 > 1) {
        throw badJpeg("a table of codes is not valid");
      }
      const table = new HuffmanTable(counts, data.subarray(at + CODE_COUNTS, end));
      (name >> 4 === 0 ? this.#dc : this.#ac).set(name & 15, table);
      at = end;
    }
  }

  #readQuantisations(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const [name = 0] = data.subarray(at);
      const bytes = name >> 4 === 0 ? 1 : 2;
      const end = at + 1 + BLOCK_LENGTH * bytes;
      if (end > data.length || name >> 4 > 1 || (name & 15) > 3) {
        throw badJpeg("a table of quantisation is not valid");
      }
      const table = new Uint16Array(BLOCK_LENGTH);
      for (const [place, natural] of ZIGZAG.entries()) {
        table[natural] = data.readUIntBE(at + 1 + place * bytes, bytes);
      }
      this.#tables.set(name & 15, table);
      at = end;
    }
  }

  #readScan(data: Buffer, at: number): number {
    const frame = this.#frame;
    this.#scans += 1;
    if (frame === undefined || this.#scans > MAX_SCANS) {
      throw badJpeg(frame === undefined ? "it has pixels before its header" : `it has more than ${MAX_SCANS} scans`);
    }
    const scan = readScan(data, frame, { dc: this.#dc, ac: this.#ac });
    this.#expectFewVisits(scan, frame);
    for (const { component } of scan.parts) {
      const table = this.#quantisations.get(component) ?? this.#tables.get(component.table);
      if (table === undefined) {
        throw badJpeg("a table of quantisation is missing");
      }
      this.#quantisations.set(component, table);
    }
    const { clock } = this.#limits;
    return readScanData(scan, frame, { bytes: this.#bytes, at, restartInterval: this.#restartInterval, clock });
  }

  /** Before a scan is read, which takes the longer the more blocks it goes over. */
  #expectFewVisits({ parts, coefficients }: Scan, { components }: Frame): void {
    this.#visited += countBlocks(parts.map(({ component }) => component)) * (coefficients + COEFFICIENTS_PER_VISIT);
    const most = countBlocks(components) * COEFFICIENTS_PER_BLOCK + this.#bytes.length * COEFFICIENTS_PER_BYTE;
    if (this.#visited > most) {
      throw badJpeg("its scans go over its pixels too often for an image and a file of its size");
    }
  }

  #finish(): JpegFile {
    const frame = this.#frame;
    if (frame === undefined) {
      throw badJpeg("it has no pixels");
    }
    const quantisations = frame.components.map((component) => {
      const table = this.#quantisations.get(component);
      if (table === undefined) {
        throw badJpeg("a colour has no pixels");
      }
      return table;
    });
    return { frame, quantisations, isAdobe: this.#adobe !== undefined, colours: this.#colours(frame) };
  }

  /** As libjpeg concludes it (jdapimin.c, default_decompress_parms). */
  #colours({ components }: Frame): ColourSpace {
    if (components.length === 1) {
      return "grey";
    }
    if (components.length === 4) {
      return this.#adobe === undefined || this.#adobe === 0 ? "cmyk" : "ycck";
    }
    if (this.#isJfif) {
      return "ycc";
    }
    const isNamedRgb = components.map(({ id }) => String.fromCharCode(id)).join("") === "RGB";
    return this.#adobe === 0 || (this.#adobe === undefined && isNamedRgb) ? "rgb" : "ycc";
  }
}

/** Blocks of some components, those that only fill a unit up among them. */
function countBlocks(components: readonly Component[]): number {
  return components.reduce((total, { coefficients }) => total + coefficients.length / BLOCK_LENGTH, 0);
}

function failShort(): never {
  throw badJpeg("a part of its header is too short");
}

/** Markers of applications and comments; those of frames of other kinds are not read. */
function expectIgnorable(marker: number): void {
  const isIgnorable = (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
  if (!isIgnorable) {
    throw badJpeg("it is of a kind that is not read: arithmetic, lossless, hierarchical, or of no known kind");
  }
}
