/** Pixels along an axis that one of the result is made of, and what each counts for. */
export interface Span {
  readonly pixels: readonly number[];
  readonly weights: readonly number[];
}

/** How much a pixel counts by its distance, which is not negative; 0 from `radius` on. */
export interface SamplingKernel {
  readonly radius: number;
  readonly weigh: (distance: number) => number;
}

const { abs, ceil, exp, floor, fround, max, min, PI, sin } = Math;

/** Sums of weights below are no weights: 1000 times the smallest normal float32. */
const SMALLEST_SUM = 1000 * 2 ** -126;

function lanczos(radius: number): SamplingKernel {
  const weigh = (x: number): number =>
    x > radius ? 0 : x <= 1e-3 ? 1 : (radius * sin(PI * x) * sin((PI * x) / radius)) / (PI * PI * x * x);
  return { radius, weigh };
}

/** A bell whose spread is a third of its radius. */
const gaussian: SamplingKernel = { radius: 1.5, weigh: (x) => (x >= 1.5 ? 0 : exp(-(x * x) / (2 * 0.5 ** 2))) };

const box: SamplingKernel = { radius: 0.5, weigh: (x) => (x < 0.5 ? 1 : x === 0.5 ? 0.5 : 0) };

const triangle: SamplingKernel = { radius: 1, weigh: (x) => max(0, 1 - x) };

/** A cubic of Keys' family. */
const keysCubic: SamplingKernel = {
  radius: 2,
  weigh: (x) => (x >= 2 ? 0 : x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1),
};

/** The cubic of Mitchell and Netravali. */
const mitchellCubic: SamplingKernel = {
  radius: 2,
  weigh: (x) =>
    x >= 2 ? 0 : x >= 1 ? (((-7 / 18) * x + 2) * x - 10 / 3) * x + 16 / 9 : ((7 / 6) * x - 2) * x * x + 8 / 9,
};

/** Kernels by the names that ScaleAndTranslate has for them. */
export const samplingKernels: ReadonlyMap<string, SamplingKernel> = new Map([
  ["lanczos1", lanczos(1)],
  ["lanczos3", lanczos(3)],
  ["lanczos5", lanczos(5)],
  ["gaussian", gaussian],
  ["box", box],
  ["triangle", triangle],
  ["keyscubic", keysCubic],
  ["mitchellcubic", mitchellCubic],
]);

/** How an axis is sampled. */
export interface Sampling {
  readonly kernel: SamplingKernel;
  readonly scale: number;
  readonly translation: number;
  /** Whether the kernel grows where the image becomes smaller. */
  readonly antialias: boolean;
}

/** Spans of an axis that is scaled and then moved (scale_and_translate_op.cc); places outside of the image have none. */
export function sampledSpans(from: number, to: number, { kernel, scale, translation, antialias }: Sampling): Span[] {
  const inverse = fround(1 / scale);
  const moved = fround(-inverse * translation);
  const growth = antialias ? max(inverse, 1) : 1;
  const reach = fround(kernel.radius * growth);
  return Array.from({ length: to }, (_, place) => {
    const sample = fround(fround((place + 0.5) * inverse) + moved);
    if (!(sample >= 0 && sample <= from)) {
      return { pixels: [], weights: [] };
    }
    const within = (pixel: number): number => min(max(pixel, 0), from - 1);
    const first = within(ceil(fround(sample - reach - 0.5)));
    const last = within(floor(fround(sample + reach - 0.5)));
    const pixels = Array.from({ length: last - first + 1 }, (_pixel, index) => first + index);
    const weights = pixels.map((pixel) => fround(kernel.weigh(abs(fround(pixel + 0.5 - sample) / growth))));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return abs(sum) < SMALLEST_SUM
      ? { pixels: [], weights: [] }
      : { pixels, weights: weights.map((weight) => weight / sum) };
  });
}

/** Spans of an axis of which each pixel of the result covers a part; pixels of which it covers half count half (resize_area_op.cc). */
export function coveredSpans(from: number, to: number, alignCorners: boolean): Span[] {
  const scale = fround(alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to);
  return Array.from({ length: to }, (_, place) => {
    const [start, end] = [fround(place * scale), fround((place + 1) * scale)];
    const count = ceil(end) - floor(start);
    const rows = Array.from({ length: count }, (_row, index) => floor(start) + index);
    const part = (row: number): number => fround(min(row + 1, end) - max(row, start));
    return { pixels: rows.map((row) => min(max(row, 0), from - 1)), weights: rows.map((row) => part(row) / scale) };
  });
}
