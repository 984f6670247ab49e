/** Times of calls in milliseconds, four digits each. */
export interface Latencies {
  readonly calls: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentiles by nearest rank: the smallest time that at least so many of a hundred calls did not exceed. */
export function summarise(times: readonly number[]): Latencies {
  const sorted = times.toSorted((a, b) => a - b);
  const percentile = (share: number): number =>
    fourDigits(sorted[Math.max(Math.ceil((share / 100) * sorted.length) - 1, 0)] ?? Number.NaN);
  return {
    calls: sorted.length,
    mean: fourDigits(sorted.reduce((sum, time) => sum + time, 0) / sorted.length),
    p50: percentile(50),
    p90: percentile(90),
    p99: percentile(99),
    max: percentile(100),
  };
}

/** A number as a person reads it. */
export function fourDigits(value: number): number {
  return Number(value.toPrecision(4));
}
