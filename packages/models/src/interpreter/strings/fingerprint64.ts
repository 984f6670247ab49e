import type { Clock } from "../kernel.ts";

/** Multipliers of the algorithm: primes between 2^63 and 2^64. */
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const SEED = 81n;
/** Bytes that longer strings are taken in at a time. */
const BLOCK = 64;
/** Bytes that are taken in between two looks at the clock: a multiple of the block. */
const BYTES_BETWEEN_CHECKS = 2 ** 18;

type Pair = readonly [bigint, bigint];

/**
 * FarmHash's Fingerprint64 of a string: the same on every machine and in every version.
 * @throws what `clock` throws
 */
export function fingerprint64(string: Uint8Array, clock?: Clock): bigint {
  const { length } = string;
  const bytes = Buffer.from(string.buffer, string.byteOffset, length);
  if (length <= 16) {
    return upTo16(bytes);
  }
  if (length <= 32) {
    return upTo32(bytes);
  }
  return length <= BLOCK ? upTo64(bytes) : longer(bytes, clock);
}

function upTo16(bytes: Buffer): bigint {
  const { length } = bytes;
  const multiplier = K2 + BigInt(length) * 2n;
  if (length >= 8) {
    const a = wrap(word(bytes, 0) + K2);
    const b = word(bytes, length - 8);
    return mix(wrap(rotate(b, 37n) * multiplier + a), wrap((rotate(a, 25n) + b) * multiplier), multiplier);
  }
  if (length >= 4) {
    const first = BigInt(bytes.readUInt32LE(0));
    return mix(BigInt(length) + (first << 3n), BigInt(bytes.readUInt32LE(length - 4)), multiplier);
  }
  if (length === 0) {
    return K2;
  }
  const [first = 0, middle = 0, last = 0] = [bytes[0], bytes[length >> 1], bytes[length - 1]];
  const [y, z] = [BigInt(first + (middle << 8)), BigInt(length + (last << 2))];
  return wrap(fold(wrap(y * K2) ^ wrap(z * K0)) * K2);
}

function upTo32(bytes: Buffer): bigint {
  const { length } = bytes;
  const multiplier = K2 + BigInt(length) * 2n;
  const [a, b] = [wrap(word(bytes, 0) * K1), word(bytes, 8)];
  const [c, d] = [wrap(word(bytes, length - 8) * multiplier), wrap(word(bytes, length - 16) * K2)];
  return mix(wrap(rotate(a + b, 43n) + rotate(c, 30n) + d), wrap(a + rotate(b + K2, 18n) + c), multiplier);
}

function upTo64(bytes: Buffer): bigint {
  const { length } = bytes;
  const multiplier = K2 + BigInt(length) * 2n;
  const [a, b] = [wrap(word(bytes, 0) * K2), word(bytes, 8)];
  const [c, d] = [wrap(word(bytes, length - 8) * multiplier), wrap(word(bytes, length - 16) * K2)];
  const y = wrap(rotate(a + b, 43n) + rotate(c, 30n) + d);
  const z = mix(y, wrap(a + rotate(b + K2, 18n) + c), multiplier);
  const [e, f] = [wrap(word(bytes, 16) * multiplier), word(bytes, 24)];
  const g = wrap((y + word(bytes, length - 32)) * multiplier);
  const h = wrap((z + word(bytes, length - 24)) * multiplier);
  return mix(wrap(rotate(e + f, 43n) + rotate(g, 30n) + h), wrap(e + rotate(f + a, 18n) + g), multiplier);
}

interface State {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly v: Pair;
  readonly w: Pair;
}

/** One step for each block, and a last one for the last 64 bytes, which may overlap with the block before. */
function longer(bytes: Buffer, clock: Clock | undefined): bigint {
  const { length } = bytes;
  const y = wrap(SEED * K1 + 113n);
  let state: State = {
    x: wrap(SEED * K2 + word(bytes, 0)),
    y,
    z: wrap(fold(wrap(y * K2 + 113n)) * K2),
    v: [0n, 0n],
    w: [0n, 0n],
  };
  const end = Math.floor((length - 1) / BLOCK) * BLOCK;
  for (let start = 0; start < end; start += BLOCK) {
    if (start % BYTES_BETWEEN_CHECKS === 0) {
      clock?.expectTime();
    }
    state = takeBlock(bytes, start, state, { multiplier: K1, ofY: 1n });
  }
  const multiplier = wrap(K1 + ((state.z & 0xffn) << 1n));
  const w0 = wrap(state.w[0] + BigInt((length - 1) % BLOCK));
  const v0 = wrap(state.v[0] + w0);
  const prepared: State = { ...state, v: [v0, state.v[1]], w: [wrap(w0 + v0), state.w[1]] };
  const last = takeBlock(bytes, length - BLOCK, prepared, { multiplier, ofY: 9n });
  return mix(
    wrap(mix(last.v[0], last.w[0], multiplier) + fold(last.y) * K0 + last.z),
    wrap(mix(last.v[1], last.w[1], multiplier) + last.x),
    multiplier,
  );
}

function takeBlock(
  bytes: Buffer,
  start: number,
  { x, y, z, v, w }: State,
  { multiplier, ofY }: { readonly multiplier: bigint; readonly ofY: bigint },
): State {
  const at = (offset: number): bigint => word(bytes, start + offset);
  const x1 = wrap(rotate(x + y + v[0] + at(8), 37n) * multiplier) ^ wrap(w[1] * ofY);
  const y1 = wrap(rotate(y + v[1] + at(48), 42n) * multiplier + v[0] * ofY + at(40));
  const z1 = wrap(rotate(z + w[0], 33n) * multiplier);
  const v1 = takeHalf(bytes, start, wrap(v[1] * multiplier), wrap(x1 + w[0]));
  const w1 = takeHalf(bytes, start + BLOCK / 2, wrap(z1 + w[1]), wrap(y1 + at(16)));
  return { x: z1, y: y1, z: x1, v: v1, w: w1 };
}

/** Takes 32 bytes into a pair. */
function takeHalf(bytes: Buffer, start: number, seedA: bigint, seedB: bigint): Pair {
  const [first, second, third, fourth] = [0, 8, 16, 24].map((offset) => word(bytes, start + offset)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const a = wrap(seedA + first);
  const b = rotate(seedB + a + fourth, 21n);
  const sum = wrap(a + second + third);
  return [wrap(sum + fourth), wrap(b + rotate(sum, 44n) + a)];
}

function mix(u: bigint, v: bigint, multiplier: bigint): bigint {
  const a = fold(wrap((u ^ v) * multiplier));
  return wrap(fold(wrap((v ^ a) * multiplier)) * multiplier);
}

function word(bytes: Buffer, offset: number): bigint {
  return bytes.readBigUInt64LE(offset);
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function fold(value: bigint): bigint {
  return value ^ (value >> 47n);
}

/** Turns the lowest 64 bits of a number to the right. */
function rotate(value: bigint, bits: bigint): bigint {
  const wrapped = wrap(value);
  return wrap((wrapped >> bits) | (wrapped << (64n - bits)));
}
