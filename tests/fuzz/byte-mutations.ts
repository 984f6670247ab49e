// Changes to bytes that know what formats are made of: numbers that say how long something is, and elements in each other.
import { concatBytes, encodeSequence } from "@sealserve/core";
import type { Random } from "./random.ts";

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const EDGE_BYTES = [0x00, 0x01, 0x20, 0x30, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff] as const;
const EDGE_NUMBERS = [0, 1, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as const;
const DER_TAGS: ReadonlySet<number> = new Set([
  0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x17, 0x30, 0x31, 0xa0, 0xa3,
]);

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  flipBit,
  flipBit,
  setByte,
  setNumber,
  setNumber,
  setLength,
  setDerLength,
  cut,
  remove,
  repeat,
  insert,
  splice,
  nest,
];

/** `bytes` with one to four changes. */
export function mutateBytes(bytes: Uint8Array, random: Random, others: readonly Uint8Array[] = [bytes]): Uint8Array {
  let changed = bytes;
  for (let count = 1 + random.below(4); count > 0; count--) {
    changed = random.pick(MUTATIONS)(changed, random, others);
  }
  return changed;
}

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const place = random.below(copy.length);
  copy[place] = (copy[place] ?? 0) ^ (1 << random.below(8));
  return copy;
}

function setByte(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[random.below(copy.length)] = random.oneIn(2) ? random.pick(EDGE_BYTES) : random.below(256);
  return copy;
}

/** A number of two or four bytes, in either order. */
function setNumber(bytes: Uint8Array, random: Random): Uint8Array {
  return withNumber(bytes, random, random.pick(EDGE_NUMBERS));
}

/** A number that is about as large as what follows it, which is where a reader can be off by one. */
function setLength(bytes: Uint8Array, random: Random): Uint8Array {
  return withNumber(bytes, random, Math.max(0, bytes.length - random.below(bytes.length) + random.below(5) - 2));
}

function withNumber(bytes: Uint8Array, random: Random, value: number): Uint8Array {
  const size = random.pick([2, 4]);
  if (bytes.length < size) {
    return bytes;
  }
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const place = random.below(copy.length - size + 1);
  const littleEndian = random.below(4) > 0;
  if (size === 2) {
    view.setUint16(place, value & 0xffff, littleEndian);
  } else {
    view.setUint32(place, value >>> 0, littleEndian);
  }
  return copy;
}

/** The length octet behind something that looks like a tag. */
function setDerLength(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const start = random.below(copy.length);
  const tag = copy.subarray(start).findIndex((byte) => DER_TAGS.has(byte));
  if (tag >= 0 && start + tag + 1 < copy.length) {
    const place = start + tag + 1;
    copy[place] = random.oneIn(2) ? random.pick(EDGE_BYTES) : (copy[place] ?? 0) + random.pick([-2, -1, 1, 2]);
  }
  return copy;
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function remove(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length);
  return concatBytes(bytes.subarray(0, start), bytes.subarray(start + 1 + random.below(64)));
}

function repeat(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length);
  const part = bytes.subarray(start, start + 1 + random.below(200));
  const copies = Array.from({ length: 1 + random.below(random.oneIn(4) ? 200 : 3) }, () => part);
  return concatBytes(bytes.subarray(0, start), ...copies, bytes.subarray(start));
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length + 1);
  const length = 1 + random.below(random.oneIn(8) ? 5000 : 16);
  const added = random.oneIn(2) ? random.bytes(length) : new Uint8Array(length).fill(random.pick(EDGE_BYTES));
  return concatBytes(bytes.subarray(0, start), added, bytes.subarray(start));
}

/** The beginning of one input and the end of another. */
function splice(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const other = others[random.below(others.length)] ?? bytes;
  const end = random.below(bytes.length + 1);
  const start = random.oneIn(2) ? end : random.below(other.length + 1);
  return concatBytes(bytes.subarray(0, end), other.subarray(start));
}

/** The whole inside of DER sequences, up to more than may be nested. */
function nest(bytes: Uint8Array, random: Random): Uint8Array {
  let nested = bytes;
  for (let depth = random.below(40); depth > 0; depth--) {
    nested = encodeSequence(nested);
  }
  return nested;
}
