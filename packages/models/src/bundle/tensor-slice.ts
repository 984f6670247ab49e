import { ModelError } from "../errors.ts";

/** Part of a tensor that is stored by itself, such as one part of a partitioned variable. */
export interface TensorSlice {
  /** What the graph says of it: the sizes of the whole tensor, then start and length along each axis. */
  readonly text: string;
  readonly extents: readonly Extent[];
}

/** A part of an axis; all of it without a length. */
interface Extent {
  readonly start: number;
  readonly length: number | undefined;
}

const WHOLE_LENGTH = -1n;
/** Axes of a tensor; TensorFlow has at most as many. */
const MAX_AXES = 254;

/**
 * Reads what RestoreV2 says of the part that it restores, such as `12 4 0,6:-`. Undefined for a whole tensor.
 * @throws ModelError `bad-graph`
 */
export function parseTensorSlice(text: string): TensorSlice | undefined {
  if (text === "") {
    return undefined;
  }
  const parts = text.split(" ");
  const sizes = parts.slice(0, -1).map((size) => parseWhole(size, text));
  const extents = (parts.at(-1) ?? "").split(":").map((extent) => parseExtent(extent, text));
  if (sizes.length !== extents.length || sizes.length > MAX_AXES) {
    throw malformed(text);
  }
  const isWhole = extents.every(
    ({ start, length }, axis) => length === undefined || (start === 0 && length === sizes[axis]),
  );
  return isWhole ? undefined : { text, extents };
}

/** The key of a part in the table of a checkpoint, each byte as one character (util/saved_tensor_slice_util.cc, ordered_code.cc). */
export function sliceKey(name: string, { extents }: TensorSlice): string {
  const numbers = extents.flatMap(({ start, length }) => [
    BigInt(start),
    length === undefined ? WHOLE_LENGTH : BigInt(length),
  ]);
  const bytes = [
    ...orderedNumber(0),
    ...orderedText(new TextEncoder().encode(name)),
    ...orderedNumber(extents.length),
    ...numbers.flatMap(orderedSigned),
  ];
  return Buffer.from(bytes).toString("latin1");
}

/** A number of one byte at most: how many bytes it has, then these. */
function orderedNumber(value: number): number[] {
  return value === 0 ? [0] : [1, value];
}

/** Bytes that keep their order with what follows: the smallest and the largest one are followed by another, and an end. */
function orderedText(bytes: Uint8Array): number[] {
  const escaped = Array.from(bytes, (byte) => (byte === 0 ? [0, 0xff] : byte === 0xff ? [0xff, 0] : [byte]));
  return [...escaped.flat(), 0, 1];
}

/** A number with its length in its first bits: as many ones, or zeros for one below 0, as it has bytes, then the opposite. */
function orderedSigned(value: bigint): number[] {
  const magnitude = value < 0n ? ~value : value;
  const bits = magnitude === 0n ? 0 : magnitude.toString(2).length;
  const length = Math.floor(bits / 7) + 1;
  const ones = ((1n << BigInt(length)) - 1n) << BigInt(8 * length - length);
  const encoded = BigInt.asUintN(8 * length, value) ^ ones;
  return Array.from({ length }, (_, place) => Number((encoded >> BigInt(8 * (length - 1 - place))) & 0xffn));
}

function parseExtent(extent: string, text: string): Extent {
  if (extent === "-") {
    return { start: 0, length: undefined };
  }
  const [start = "", length = "", ...rest] = extent.split(",");
  if (rest.length > 0) {
    throw malformed(text);
  }
  return { start: parseWhole(start, text), length: parseWhole(length, text) };
}

function parseWhole(digits: string, text: string): number {
  if (!/^\d{1,15}$/.test(digits)) {
    throw malformed(text);
  }
  return Number(digits);
}

function malformed(text: string): ModelError {
  return new ModelError("bad-graph", `${JSON.stringify(text.slice(0, 100))} does not name a part of a tensor`, {
    expected: "sizes, then start and length along each axis, such as 12 4 0,6:-",
  });
}
