import type { Clock } from "../kernel.ts";

/** Bytes that are taken in between two looks at the clock: a multiple of 8. */
const BYTES_BETWEEN_CHECKS = 2 ** 16;
const MASK = 2n ** 64n - 1n;

type State = [v0: bigint, v1: bigint, v2: bigint, v3: bigint];

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of a string by a key of two 64-bit numbers.
 * @throws what `clock` throws
 */
export function sipHash([k0, k1]: readonly [bigint, bigint], bytes: Uint8Array, clock?: Clock): bigint {
  const state: State = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const whole = bytes.length - (bytes.length % 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = 0; offset < whole; offset += 8) {
    if (offset % BYTES_BETWEEN_CHECKS === 0) {
      clock?.expectTime();
    }
    compress(state, view.getBigUint64(offset, true));
  }
  const rest = new Uint8Array(8);
  rest.set(bytes.subarray(whole));
  rest[7] = bytes.length;
  compress(state, new DataView(rest.buffer).getBigUint64(0, true));
  state[2] ^= 0xffn;
  for (let round = 0; round < 4; round++) {
    mix(state);
  }
  return state[0] ^ state[1] ^ state[2] ^ state[3];
}

function compress(state: State, word: bigint): void {
  state[3] ^= word;
  mix(state);
  mix(state);
  state[0] ^= word;
}

/** One round of additions, rotations and exclusive ors. */
function mix(v: State): void {
  halfRound(v, 0, 1, 13n);
  v[0] = rotate(v[0], 32n);
  halfRound(v, 2, 3, 16n);
  halfRound(v, 0, 3, 21n);
  halfRound(v, 2, 1, 17n);
  v[2] = rotate(v[2], 32n);
}

function halfRound(v: State, a: 0 | 2, b: 1 | 3, bits: bigint): void {
  v[a] = (v[a] + v[b]) & MASK;
  v[b] = rotate(v[b], bits) ^ v[a];
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}
