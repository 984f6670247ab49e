import { randomFillSync } from "node:crypto";

/** Numbers that are asked of the system at a time. */
const CHUNK = 4096;
/** Bits of a random number: those of a double's fraction. */
const BITS = 53;

/** Gives random numbers from 0 on below 1, evenly spread. */
export function uniformSource(): () => number {
  const words = new BigUint64Array(CHUNK);
  let used = CHUNK;
  return () => {
    if (used === CHUNK) {
      randomFillSync(words);
      used = 0;
    }
    const word = words[used++] as bigint;
    return Number(word >> BigInt(64 - BITS)) / 2 ** BITS;
  };
}

/** Gives random numbers of the standard normal distribution (Box and Muller, 1958). */
export function normalSource(): () => number {
  const uniform = uniformSource();
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
