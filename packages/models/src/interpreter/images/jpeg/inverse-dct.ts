import { BLOCK_LENGTH, BLOCK_SIZE } from "./frame.ts";

/** How coefficients become samples: by few multiplications with small numbers, or exactly to the last bit but one. */
export type TransformMethod = "fast" | "accurate";

/** Where the samples of a block go. */
export interface Target {
  readonly samples: Uint8Array;
  readonly at: number;
  /** Samples in a row. */
  readonly stride: number;
}

/** The inverse discrete cosine transform of blocks that are quantised in one way, as libjpeg rounds it. */
export interface InverseTransform {
  /** @param from where the block begins, whose 64 coefficients are in the order of rows */
  apply(coefficients: Int16Array, from: number, target: Target): void;
}

export function inverseTransform(method: TransformMethod, quantisation: Uint16Array): InverseTransform {
  return method === "fast" ? new FastTransform(quantisation) : new AccurateTransform(quantisation);
}

/** Samples are around 0 before this is added. */
const MIDDLE = 128;

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Bits behind the point of the fast transform's factors (jidctfst.c). */
const FAST_BITS = 8;
/** The fast transform's factors times 256: 1.082392200, 1.414213562, 1.847759065, 2.613125930. */
const [F_1_08, F_1_41, F_1_84, F_2_61] = [277, 362, 473, 669] as const;
/** What the fast transform leaves out of each row or column, times 2^14: 1, then cos(k pi/16) times the root of 2. */
const SCALES = [16384, 22725, 21407, 19266, 16384, 12873, 8867, 4520] as const;
/** Bits that numbers have behind the point between both passes. */
const PASS_BITS = 2;

/** The transform of Arai, Agui and Nakajima, which leaves most multiplications to the quantisation (jidctfst.c). */
class FastTransform implements InverseTransform {
  readonly #factors = new Int16Array(BLOCK_LENGTH);
  readonly #middle = new Int32Array(BLOCK_LENGTH);

  constructor(quantisation: Uint16Array) {
    for (const [place, step] of quantisation.entries()) {
      const [row, column] = [place >> 3, place & 7];
      const scale = scaleOf(row, column);
      this.#factors[place] = (step * scale + (1 << 11)) >> 12;
    }
  }

  apply(coefficients: Int16Array, from: number, target: Target): void {
    const values = this.#middle;
    if (isFlat(coefficients, from)) {
      fill(((coefficients[from] as number) * (this.#factors[0] as number)) >> (PASS_BITS + 3), target);
      return;
    }
    for (let place = 0; place < BLOCK_LENGTH; place++) {
      values[place] = (coefficients[from + place] as number) * (this.#factors[place] as number);
    }
    for (let column = 0; column < BLOCK_SIZE; column++) {
      transformFast(values, column, BLOCK_SIZE);
    }
    for (let row = 0; row < BLOCK_SIZE; row++) {
      transformFast(values, row * BLOCK_SIZE, 1);
    }
    store(values, PASS_BITS + 3, target);
  }
}

/** The product of two scales, rounded to 14 bits. */
function scaleOf(row: number, column: number): number {
  return Math.round(((SCALES[row] as number) * (SCALES[column] as number)) / 2 ** 14);
}

/** Transforms eight numbers in place, which lie `step` apart from `at` on. */
function transformFast(values: Int32Array, at: number, step: number): void {
  const [p1, p2, p3] = [at + step, at + 2 * step, at + 3 * step];
  const [p4, p5, p6, p7] = [at + 4 * step, at + 5 * step, at + 6 * step, at + 7 * step];
  const [v0, v1, v2, v3] = [values[at] as number, values[p1] as number, values[p2] as number, values[p3] as number];
  const [v4, v5, v6, v7] = [values[p4] as number, values[p5] as number, values[p6] as number, values[p7] as number];
  const [sum04, difference04, sum26] = [v0 + v4, v0 - v4, v2 + v6];
  const turned26 = (((v2 - v6) * F_1_41) >> FAST_BITS) - sum26;
  const [e0, e3] = [sum04 + sum26, sum04 - sum26];
  const [e1, e2] = [difference04 + turned26, difference04 - turned26];
  const [z13, z10, z11, z12] = [v5 + v3, v5 - v3, v1 + v7, v1 - v7];
  const o7 = z11 + z13;
  const z5 = ((z10 + z12) * F_1_84) >> FAST_BITS;
  const o6 = ((z10 * -F_2_61) >> FAST_BITS) + z5 - o7;
  const o5 = (((z11 - z13) * F_1_41) >> FAST_BITS) - o6;
  const o4 = ((z12 * F_1_08) >> FAST_BITS) - z5 + o5;
  values[at] = e0 + o7;
  values[p7] = e0 - o7;
  values[p1] = e1 + o6;
  values[p6] = e1 - o6;
  values[p2] = e2 + o5;
  values[p5] = e2 - o5;
  values[p4] = e3 + o4;
  values[p3] = e3 - o4;
}

/** Bits behind the point of the accurate transform's factors (jidctint.c). */
const ACCURATE_BITS = 13;

/** The transform of Loeffler, Ligtenberg and Moschytz (jidctint.c). */
class AccurateTransform implements InverseTransform {
  readonly #factors: Uint16Array;
  readonly #middle = new Int32Array(BLOCK_LENGTH);

  constructor(quantisation: Uint16Array) {
    this.#factors = quantisation;
  }

  apply(coefficients: Int16Array, from: number, target: Target): void {
    const values = this.#middle;
    if (isFlat(coefficients, from)) {
      fill(((coefficients[from] as number) * (this.#factors[0] as number) + 4) >> 3, target);
      return;
    }
    for (let place = 0; place < BLOCK_LENGTH; place++) {
      values[place] = (coefficients[from + place] as number) * (this.#factors[place] as number);
    }
    for (let column = 0; column < BLOCK_SIZE; column++) {
      transformAccurately(values, column, BLOCK_SIZE, ACCURATE_BITS - PASS_BITS);
    }
    for (let row = 0; row < BLOCK_SIZE; row++) {
      transformAccurately(values, row * BLOCK_SIZE, 1, ACCURATE_BITS + PASS_BITS + 3);
    }
    store(values, 0, target);
  }
}

/** Transforms eight numbers in place, which lie `step` apart from `at` on, and rounds `bits` away. */
function transformAccurately(values: Int32Array, at: number, step: number, bits: number): void {
  const value = (index: number): number => values[at + index * step] as number;
  const [odd0, odd1, odd2, odd3] = oddPart(value(1), value(3), value(5), value(7));
  const turned = (value(2) + value(6)) * 4433;
  const [even2, even3] = [turned - value(6) * 15137, turned + value(2) * 6270];
  const [sum, difference] = [(value(0) + value(4)) * 2 ** ACCURATE_BITS, (value(0) - value(4)) * 2 ** ACCURATE_BITS];
  const evens = [sum + even3, difference + even2, difference - even2, sum - even3] as const;
  for (const [index, odd] of [odd0, odd1, odd2, odd3].entries()) {
    const even = evens[index] as number;
    const half = 2 ** (bits - 1);
    values[at + index * step] = (even + odd + half) >> bits;
    values[at + (7 - index) * step] = (even - odd + half) >> bits;
  }
}

/** Of the second, fourth, sixth and eighth number: what is added to the first four results, and taken from the last four. */
function oddPart(v1: number, v3: number, v5: number, v7: number): [number, number, number, number] {
  const all = (v7 + v3 + v5 + v1) * 9633;
  const [z1, z2] = [(v7 + v1) * -7373, (v5 + v3) * -20995];
  const [z3, z4] = [(v7 + v3) * -16069 + all, (v5 + v1) * -3196 + all];
  return [v1 * 12299 + z1 + z4, v3 * 25172 + z2 + z3, v5 * 16819 + z2 + z4, v7 * 2446 + z1 + z3];
}

/** Whether a block is of one brightness, as many are. */
function isFlat(coefficients: Int16Array, from: number): boolean {
  for (let place = 1; place < BLOCK_LENGTH; place++) {
    if (coefficients[from + place] !== 0) {
      return false;
    }
  }
  return true;
}

function fill(value: number, { samples, at, stride }: Target): void {
  const sample = clamp(value + MIDDLE);
  for (let row = 0; row < BLOCK_SIZE; row++) {
    samples.fill(sample, at + row * stride, at + row * stride + BLOCK_SIZE);
  }
}

function store(values: Int32Array, bits: number, { samples, at, stride }: Target): void {
  for (let row = 0; row < BLOCK_SIZE; row++) {
    for (let column = 0; column < BLOCK_SIZE; column++) {
      samples[at + row * stride + column] = clamp(((values[row * BLOCK_SIZE + column] as number) >> bits) + MIDDLE);
    }
  }
}
