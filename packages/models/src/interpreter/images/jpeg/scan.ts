import type { Clock } from "../../kernel.ts";
import { badJpeg } from "./bad-jpeg.ts";
import { BitReader } from "./bit-reader.ts";
import { type Band, type BlockReader, FirstAc, FirstDc, MoreAc, MoreDc, WholeBlocks } from "./block-readers.ts";
import { BLOCK_LENGTH, type Component, type Frame } from "./frame.ts";
import type { HuffmanTable } from "./huffman-table.ts";

/** Restarts are numbered modulo 8. */
const RESTART_NUMBERS = 8;

/** Tables of codes by their numbers, as they are when a scan begins. */
export interface CodeTables {
  readonly dc: ReadonlyMap<number, HuffmanTable>;
  readonly ac: ReadonlyMap<number, HuffmanTable>;
}

/** A scan's header (T.81, B.2.3). */
export interface Scan {
  readonly parts: readonly { readonly component: Component; readonly reader: BlockReader }[];
  /** How many coefficients of each block it is about. */
  readonly coefficients: number;
}

/**
 * Reads the header of a scan.
 * @throws ServingError `INVALID_ARGUMENT` for components that the frame has not, tables that are not there, and parts of
 *   coefficients that JPEG does not know
 */
export function readScan(data: Buffer, frame: Frame, tables: CodeTables): Scan {
  const [count = 0] = data;
  if (count < 1 || count > frame.components.length || data.length !== 4 + 2 * count) {
    throw badJpeg("the header of a scan is not valid");
  }
  const [from = 0, to = 0, bits = 0] = data.subarray(1 + 2 * count);
  const step = { from, to, low: bits & 15, high: bits >> 4 };
  const rows = Array.from({ length: count }, (_, index) => data.subarray(1 + 2 * index, 3 + 2 * index));
  const parts = rows.map(([id, numbers = 0]) => {
    const component = frame.components.find((each) => each.id === id);
    if (component === undefined) {
      throw badJpeg("a scan has a colour that the image has not");
    }
    return { component, reader: makeReader(frame, step, count, new NamedTables(tables, numbers)) };
  });
  if (new Set(parts.map(({ component }) => component)).size < count) {
    throw badJpeg("a scan has a colour twice");
  }
  return { parts, coefficients: frame.isProgressive ? to - from + 1 : BLOCK_LENGTH };
}

/** The tables that a component names. @throws ServingError `INVALID_ARGUMENT` when they are not there */
class NamedTables {
  readonly #tables: CodeTables;
  readonly #numbers: number;

  constructor(tables: CodeTables, numbers: number) {
    this.#tables = tables;
    this.#numbers = numbers;
  }

  get dc(): HuffmanTable {
    return this.#tables.dc.get(this.#numbers >> 4) ?? missingTable();
  }

  get ac(): HuffmanTable {
    return this.#tables.ac.get(this.#numbers & 15) ?? missingTable();
  }
}

function missingTable(): never {
  throw badJpeg("a scan names a table of codes that is not there");
}

/** What a scan brings, and how many bits of it came before. */
interface Step extends Band {
  readonly high: number;
}

function makeReader(frame: Frame, step: Step, count: number, tables: NamedTables): BlockReader {
  if (!frame.isProgressive) {
    return new WholeBlocks({ dc: tables.dc, ac: tables.ac });
  }
  const { from, to, low, high } = step;
  const isDc = from === 0 && to === 0;
  const isAc = from > 0 && from <= to && to < BLOCK_LENGTH && count === 1;
  if (!(isDc || isAc) || low > 13 || (high > 0 && high !== low + 1)) {
    throw badJpeg("a scan brings a part of the coefficients that JPEG does not know");
  }
  if (isDc) {
    return high === 0 ? new FirstDc(tables.dc, step) : new MoreDc(step);
  }
  return high === 0 ? new FirstAc(tables.ac, step) : new MoreAc(tables.ac, step);
}

/** What reading the bits of a scan takes besides it. */
export interface ScanData {
  readonly bytes: Buffer;
  /** Where its bits begin. */
  readonly at: number;
  /** Units between two restarts; 0 for none. */
  readonly restartInterval: number;
  readonly clock: Clock | undefined;
}

/**
 * Reads the bits of a scan into the coefficients of its components.
 * @returns where its bits end
 * @throws ServingError `INVALID_ARGUMENT`, and what the clock throws
 */
export function readScanData({ parts }: Scan, frame: Frame, { bytes, at, restartInterval, clock }: ScanData): number {
  const bits = new BitReader(bytes, at);
  const [first] = parts;
  const alone = parts.length === 1 ? first : undefined;
  const unitsWide = alone?.component.blocksWide ?? frame.unitsWide;
  const unitsHigh = alone?.component.blocksHigh ?? frame.unitsHigh;
  for (let unit = 0; unit < unitsWide * unitsHigh; unit++) {
    const column = unit % unitsWide;
    const row = (unit - column) / unitsWide;
    if (column === 0) {
      clock?.expectTime();
    }
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      bits.restart((unit / restartInterval - 1) % RESTART_NUMBERS);
      for (const { reader } of parts) {
        reader.restart();
      }
    }
    if (alone === undefined) {
      readUnit(parts, bits, row, column);
    } else {
      alone.reader.read(bits, alone.component.coefficients, blockAt(alone.component, row, column));
    }
  }
  return bits.position;
}

/** The blocks of all components that make one unit. */
function readUnit(parts: Scan["parts"], bits: BitReader, row: number, column: number): void {
  for (const { component, reader } of parts) {
    for (let y = 0; y < component.down; y++) {
      for (let x = 0; x < component.across; x++) {
        const at = blockAt(component, row * component.down + y, column * component.across + x);
        reader.read(bits, component.coefficients, at);
      }
    }
  }
}

/** Where a block begins. */
function blockAt({ blocksPerRow }: Component, row: number, column: number): number {
  return (row * blocksPerRow + column) * BLOCK_LENGTH;
}
