// JPEG files by their coefficients (ITU-T T.81), to test readers with. Codes do not depend on what is coded.

/** Numbers in a block. */
export const BLOCK = 64;

/** A colour of an image: its blocks in the order of rows, each with its coefficients in the order in which they are stored. */
export interface JpegColour {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly blocks: readonly (readonly number[])[];
}

/** What is said of an image besides its pixels. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** One number for each place. */
  readonly quantisation: readonly number[];
  readonly isProgressive?: boolean;
  /** The marker that JFIF writes; there by default. */
  readonly isJfif?: boolean;
  /** What Adobe's marker says of colours; none by default. */
  readonly adobe?: number;
  /** Blocks or units between two restarts. */
  readonly restartInterval?: number;
}

/** One scan: which colours, which coefficients, and down to which bit. */
export interface JpegScan {
  readonly colours: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Bits that came before and bits that come later, as in the header of a scan. */
  readonly high: number;
  readonly low: number;
}

/** The one scan of an image that is not progressive. */
export function wholeScan(colours: number): JpegScan {
  return { colours: Array.from({ length: colours }, (_, index) => index), from: 0, to: BLOCK - 1, high: 0, low: 0 };
}

/** A file. */
export function jpegFile(
  header: JpegHeader,
  colours: readonly JpegColour[],
  scans: readonly JpegScan[] = [wholeScan(colours.length)],
): Buffer {
  const { isJfif = true, adobe, restartInterval = 0 } = header;
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...(isJfif ? [jpegSegment(0xe0, Buffer.from("JFIF\0\x01\x02\0\0\x01\0\x01\0\0", "latin1"))] : []),
    ...(adobe === undefined ? [] : [jpegSegment(0xee, [...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, adobe])]),
    jpegSegment(0xdb, [0, ...header.quantisation]),
    jpegSegment(header.isProgressive === true ? 0xc2 : 0xc0, frame(header, colours)),
    jpegSegment(0xc4, [0x00, ...DC_COUNTS, ...SYMBOLS.slice(0, 16)]),
    jpegSegment(0xc4, [0x10, ...AC_COUNTS, ...SYMBOLS]),
    ...(restartInterval > 0 ? [jpegSegment(0xdd, [restartInterval >> 8, restartInterval & 255])] : []),
    ...scans.flatMap((scan) => [scanHeader(scan, colours), scanBits(scan, header, colours)]),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** A marker with its length and data. */
export function jpegSegment(marker: number, data: Uint8Array | readonly number[]): Buffer {
  const length = data.length + 2;
  return Buffer.from([0xff, marker, length >> 8, length & 255, ...data]);
}

const SYMBOLS = Array.from({ length: 256 }, (_, symbol) => symbol);
/** How many codes there are of each length: 16 of 5 bits. */
const DC_COUNTS = [0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/** 128 of 8 bits and 128 of 9 bits. */
const AC_COUNTS = [0, 0, 0, 0, 0, 0, 0, 128, 128, 0, 0, 0, 0, 0, 0, 0];

function frame({ width, height }: JpegHeader, colours: readonly JpegColour[]): number[] {
  const rows = colours.flatMap(({ id, across, down }) => [id, across * 16 + down, 0]);
  return [8, height >> 8, height & 255, width >> 8, width & 255, colours.length, ...rows];
}

function scanHeader({ colours, from, to, high, low }: JpegScan, all: readonly JpegColour[]): Buffer {
  const names = colours.flatMap((index) => [all[index]?.id ?? 0, 0]);
  return jpegSegment(0xda, [colours.length, ...names, from, to, high * 16 + low]);
}

/** The bits of a scan, with a 0 behind each byte of 0xff, filled up with ones. */
class BitWriter {
  readonly #bytes: number[] = [];
  #byte = 0;
  #count = 0;

  put(value: number, bits: number): void {
    for (let bit = bits - 1; bit >= 0; bit--) {
      this.#byte = this.#byte * 2 + ((value >> bit) & 1);
      this.#count += 1;
      if (this.#count === 8) {
        this.#bytes.push(this.#byte, ...(this.#byte === 0xff ? [0] : []));
        [this.#byte, this.#count] = [0, 0];
      }
    }
  }

  putSymbol(symbol: number): void {
    const isShort = symbol < 128;
    this.put(isShort ? symbol : 256 + symbol - 128, isShort ? 8 : 9);
  }

  /** The bits of a number whose length is known; those of a negative one begin with 0. */
  putSigned(value: number): void {
    const bits = sizeOf(value);
    this.put(value < 0 ? value + 2 ** bits - 1 : value, bits);
  }

  restart(number: number): void {
    this.#fillUp();
    this.#bytes.push(0xff, 0xd0 + number);
  }

  finish(): Buffer {
    this.#fillUp();
    return Buffer.from(this.#bytes);
  }

  #fillUp(): void {
    if (this.#count > 0) {
      this.put(0xff, 8 - this.#count);
    }
  }
}

function sizeOf(value: number): number {
  return value === 0 ? 0 : 32 - Math.clz32(Math.abs(value));
}

function scanBits(scan: JpegScan, header: JpegHeader, colours: readonly JpegColour[]): Buffer {
  const bits = new BitWriter();
  const units = unitsOf(scan, header, colours);
  const lasts = new Map<number, number>();
  for (const [index, unit] of units.entries()) {
    const interval = header.restartInterval ?? 0;
    if (interval > 0 && index > 0 && index % interval === 0) {
      bits.restart((index / interval - 1) % 8);
      lasts.clear();
    }
    for (const { colour, block } of unit) {
      if (header.isProgressive === true) {
        putPart(bits, block, scan, { last: lasts.get(colour) ?? 0, next: (value) => lasts.set(colour, value) });
      } else {
        putDc(bits, block[0] ?? 0, lasts.get(colour) ?? 0);
        lasts.set(colour, block[0] ?? 0);
        putAc(bits, block, { ...scan, from: 1 });
      }
    }
  }
  return bits.finish();
}

interface UnitBlock {
  readonly colour: number;
  readonly block: readonly number[];
}

/** The blocks of a scan as they are coded: unit by unit, or block by block where there is one colour. */
function unitsOf({ colours: chosen }: JpegScan, { width, height }: JpegHeader, colours: readonly JpegColour[]) {
  const across = Math.max(...colours.map((colour) => colour.across));
  const down = Math.max(...colours.map((colour) => colour.down));
  const [wide, high] = [Math.ceil(width / (8 * across)), Math.ceil(height / (8 * down))];
  const [first] = chosen;
  const alone = chosen.length === 1 ? colours[first ?? 0] : undefined;
  if (alone !== undefined) {
    const columns = Math.ceil((width * alone.across) / across / 8);
    const rows = Math.ceil((height * alone.down) / down / 8);
    return grid(rows, columns, (row, column) => [
      { colour: first ?? 0, block: alone.blocks[row * wide * alone.across + column] ?? [] },
    ]);
  }
  return grid(high, wide, (row, column) =>
    chosen.flatMap((index) => {
      const colour = colours[index] as JpegColour;
      return grid(colour.down, colour.across, (y, x): UnitBlock => {
        const place = (row * colour.down + y) * wide * colour.across + column * colour.across + x;
        return { colour: index, block: colour.blocks[place] ?? [] };
      });
    }),
  );
}

function grid<Item>(rows: number, columns: number, make: (row: number, column: number) => Item): Item[] {
  return Array.from({ length: rows * columns }, (_, place) => make(Math.floor(place / columns), place % columns));
}

interface LastDc {
  readonly last: number;
  readonly next: (value: number) => void;
}

function putPart(bits: BitWriter, block: readonly number[], scan: JpegScan, { last, next }: LastDc): void {
  const dc = (block[0] ?? 0) >> scan.low;
  if (scan.from > 0) {
    const put = scan.high === 0 ? putAc : putMoreAc;
    put(bits, block, scan);
  } else if (scan.high > 0) {
    bits.put(dc, 1);
  } else {
    putDc(bits, dc, last);
    next(dc);
  }
}

function putDc(bits: BitWriter, value: number, last: number): void {
  bits.put(sizeOf(value - last), 5);
  bits.putSigned(value - last);
}

/** Leaves lower bits out, towards 0. */
function shortened(value: number, low: number): number {
  return Math.trunc(value / 2 ** low);
}

function putAc(bits: BitWriter, block: readonly number[], { from, to, low }: JpegScan): void {
  let run = 0;
  for (let place = from; place <= to; place++) {
    const value = shortened(block[place] ?? 0, low);
    if (value === 0) {
      run += 1;
      continue;
    }
    for (; run > 15; run -= 16) {
      bits.putSymbol(0xf0);
    }
    bits.putSymbol(run * 16 + sizeOf(value));
    bits.putSigned(value);
    run = 0;
  }
  if (run > 0) {
    bits.putSymbol(0);
  }
}

/** One bit more: those of what is not 0 yet come behind the next new number, or behind the end. */
function putMoreAc(bits: BitWriter, block: readonly number[], { from, to, low }: JpegScan): void {
  let run = 0;
  let corrections: number[] = [];
  const flush = (): void => {
    for (const correction of corrections) {
      bits.put(correction, 1);
    }
    corrections = [];
    run = 0;
  };
  const values = Array.from({ length: to + 1 - from }, (_, index) => shortened(block[from + index] ?? 0, low));
  const end = values.findLastIndex((value) => Math.abs(value) === 1);
  for (const [index, value] of values.entries()) {
    if (Math.abs(value) > 1) {
      corrections.push(Math.abs(value) & 1);
    } else if (value === 0) {
      run += 1;
    }
    if (run === 16 && index < end) {
      bits.putSymbol(0xf0);
      flush();
    }
    if (Math.abs(value) === 1) {
      bits.putSymbol(run * 16 + 1);
      bits.put(value > 0 ? 1 : 0, 1);
      flush();
    }
  }
  if (end < values.length - 1) {
    bits.putSymbol(0);
    flush();
  }
}
