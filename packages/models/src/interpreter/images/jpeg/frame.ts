import type { OutputBudget } from "../../output-budget.ts";
import { badJpeg } from "./bad-jpeg.ts";

/** Numbers along an edge of a block. */
export const BLOCK_SIZE = 8;
/** Coefficients of a block. */
export const BLOCK_LENGTH = 64;
const COEFFICIENT_BYTES = 2;

/** One colour of an image. */
export interface Component {
  readonly id: number;
  /** How many blocks of it there are in a unit, in a row and in a column. */
  readonly across: number;
  readonly down: number;
  /** Samples in a row and in a column. */
  readonly width: number;
  readonly height: number;
  /** Blocks in a row and in a column that have a part of the image. */
  readonly blocksWide: number;
  readonly blocksHigh: number;
  /** Blocks in a row, those that only fill a unit up among them. */
  readonly blocksPerRow: number;
  /** Coefficients in the order of rows, block by block. */
  readonly coefficients: Int16Array;
  /** Number of its table of quantisation. */
  readonly table: number;
}

/** What a JPEG image is made of. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly components: readonly Component[];
  /** Most blocks of a component in a unit, in a row and in a column. */
  readonly across: number;
  readonly down: number;
  readonly unitsWide: number;
  readonly unitsHigh: number;
}

/** What the size of a frame is held against. */
export interface FrameLimits {
  /** Is asked for the memory of coefficients and samples. */
  readonly budget: OutputBudget;
  /** Bytes of the file. */
  readonly bytes: number;
}

/**
 * Reads the header of a frame (T.81, B.2.2), and makes room for its coefficients.
 * @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`
 */
export function readFrame(data: Buffer, isProgressive: boolean, limits: FrameLimits): Frame {
  const [precision, count = 0] = [data[0], data[5]];
  if (precision !== 8 || ![1, 3, 4].includes(count) || data.length !== 6 + 3 * count) {
    throw badJpeg("it does not have one, three or four colours of 8 bits");
  }
  const [height, width] = [data.readUInt16BE(1), data.readUInt16BE(3)];
  if (width === 0 || height === 0) {
    throw badJpeg("its header does not say how large it is");
  }
  const rows = Array.from({ length: count }, (_, index) => readComponent(data.subarray(6 + 3 * index)));
  if (new Set(rows.map(({ id }) => id)).size < count) {
    throw badJpeg("two of its colours have the same name");
  }
  const [across, down] = [Math.max(...rows.map((row) => row.across)), Math.max(...rows.map((row) => row.down))];
  const unitsWide = Math.ceil(width / (BLOCK_SIZE * across));
  const unitsHigh = Math.ceil(height / (BLOCK_SIZE * down));
  const frame = { width, height, isProgressive, across, down, unitsWide, unitsHigh };
  const measured = rows.map((row) => measure(row, frame));
  expectRoom(measured, limits);
  const components = measured.map(({ blocks, ...row }): Component => {
    return { ...row, coefficients: new Int16Array(blocks * BLOCK_LENGTH) };
  });
  return { ...frame, components };
}

/** A component before there is room for its coefficients. */
interface MeasuredComponent extends Omit<Component, "coefficients"> {
  /** All its blocks. */
  readonly blocks: number;
}

function measure(row: ComponentRow, frame: Omit<Frame, "components">): MeasuredComponent {
  const width = Math.ceil((frame.width * row.across) / frame.across);
  const height = Math.ceil((frame.height * row.down) / frame.down);
  const blocksPerRow = frame.unitsWide * row.across;
  return {
    ...row,
    width,
    height,
    blocksWide: Math.ceil(width / BLOCK_SIZE),
    blocksHigh: Math.ceil(height / BLOCK_SIZE),
    blocksPerRow,
    blocks: blocksPerRow * frame.unitsHigh * row.down,
  };
}

/** The least that there is of a block in a file is a bit, so that a few bytes cannot ask for much memory. */
function expectRoom(components: readonly MeasuredComponent[], { budget, bytes }: FrameLimits): void {
  const least = components.reduce((total, { blocksWide, blocksHigh }) => total + blocksWide * blocksHigh, 0);
  if (least > bytes * 8) {
    throw badJpeg("its pixels are cut off");
  }
  for (const { blocks } of components) {
    budget.takeBytes(blocks * BLOCK_LENGTH * (COEFFICIENT_BYTES + 1));
  }
}

/** What the header says of a component. */
type ComponentRow = Pick<Component, "id" | "across" | "down" | "table">;

function readComponent(data: Buffer): ComponentRow {
  const [id = 0, sampling = 0, table = 0] = data;
  const [across, down] = [sampling >> 4, sampling & 15];
  if (across < 1 || across > 4 || down < 1 || down > 4 || table > 3) {
    throw badJpeg("a colour has a sampling that JPEG does not know");
  }
  return { id, across, down, table };
}
