/** Steps between two pixels at which TensorFlow knows the kernel's weights (resize_bicubic_op.cc). */
const STEPS = 1024;
/** Pixels along one axis that one pixel of the result is made of. */
export const TAPS = 4;
/** Weights whose sum is smaller are left as they are: 1000 times the smallest normal float32. */
const SMALLEST_SUM = 1000 * 2 ** -126;

/** How a bicubic scaling finds and weighs pixels. */
export interface BicubicForm {
  readonly alignCorners: boolean;
  /** Pixels have their places at their centres, and those outside of the image count for nothing. */
  readonly halfPixelCenters: boolean;
}

/** For each place along an axis of the result, {@link TAPS} pixels of the image and what each counts for. */
export interface AxisWeights {
  readonly pixels: Int32Array;
  readonly weights: Float32Array;
}

/** Works out in which pixels of an axis of `from` pixels those of a scaled one of `to` have their origin; neither is 0. */
export function axisWeights(from: number, to: number, form: BicubicForm): AxisWeights {
  const table = form.halfPixelCenters ? KEYS : LEGACY;
  const scale = form.alignCorners && to > 1 ? Math.fround((from - 1) / (to - 1)) : Math.fround(from / to);
  const [pixels, weights] = [new Int32Array(to * TAPS), new Float32Array(to * TAPS)];
  for (let place = 0; place < to; place++) {
    const origin = form.halfPixelCenters
      ? Math.fround(Math.fround(Math.fround(place + 0.5) * scale) - 0.5)
      : Math.fround(place * scale);
    const first = Math.floor(origin);
    const step = roundHalfEven(Math.fround(origin - first) * STEPS);
    const near = weightsAt(table, step);
    for (let tap = 0; tap < TAPS; tap++) {
      const pixel = first - 1 + tap;
      const bounded = Math.min(Math.max(pixel, 0), from - 1);
      pixels[place * TAPS + tap] = bounded;
      weights[place * TAPS + tap] = form.halfPixelCenters && bounded !== pixel ? 0 : (near[tap] as number);
    }
    if (form.halfPixelCenters) {
      normalise(weights.subarray(place * TAPS, place * TAPS + TAPS));
    }
  }
  return { pixels, weights };
}

/** The weights of the pixels before, at, behind and two behind a place. */
function weightsAt(table: Float32Array, step: number): (number | undefined)[] {
  const back = STEPS - step;
  return [table[step * 2 + 1], table[step * 2], table[back * 2], table[back * 2 + 1]];
}

function normalise(weights: Float32Array): void {
  const sum = weights.reduce((total, weight) => Math.fround(total + weight), 0);
  if (Math.abs(sum) >= SMALLEST_SUM) {
    const factor = Math.fround(1 / sum);
    weights.forEach((weight, tap) => {
      weights[tap] = weight * factor;
    });
  }
}

/** Of two whole numbers at the same distance the even one, as C's `lrintf`. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** Weights at each step, of the pixel within 1 and of the one within 2 (Keys, 1981), by the kernel's parameter. */
function makeTable(a: number): Float32Array {
  const table = new Float32Array((STEPS + 1) * 2);
  for (let step = 0; step <= STEPS; step++) {
    const near = step / STEPS;
    const far = near + 1;
    table[step * 2] = ((a + 2) * near - (a + 3)) * near * near + 1;
    table[step * 2 + 1] = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a;
  }
  return table;
}

const KEYS = makeTable(-0.5);
/** What TensorFlow took before it knew half pixel centres. */
const LEGACY = makeTable(-0.75);
