import { formatFloat64 } from "@sealserve/protocol";
import { LabelSet } from "./label-set.ts";
import type { Metric, MetricDescription } from "./metric.ts";

/** Limits that grow by a factor: `first`, `first * factor`, and so on. */
export function exponentialBuckets(first: number, factor: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => first * factor ** index);
}

/** Values counted by size. */
export class HistogramCell {
  /** How many lie below each limit but not below the one before; behind them those above all limits. */
  readonly counts: Float64Array;
  sum = 0;
  readonly #limits: Float64Array;

  constructor(limits: Float64Array) {
    this.#limits = limits;
    this.counts = new Float64Array(limits.length + 1);
  }

  observe(value: number): void {
    const limits = this.#limits;
    let low = 0;
    let high = limits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (limits[middle] as number)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    this.counts[low] = (this.counts[low] as number) + 1;
    this.sum += value;
  }
}

/** A histogram, for each set of its labels. */
export class Histogram implements Metric {
  readonly type = "histogram";
  readonly description: MetricDescription;
  readonly #limitTexts: readonly string[];
  readonly #cells: LabelSet<HistogramCell>;

  /** @param limits upper limits of the buckets, growing; one without limit follows */
  constructor(description: MetricDescription, limits: Float64Array) {
    this.description = description;
    this.#limitTexts = [...Array.from(limits, formatLimit), "+Inf"];
    this.#cells = new LabelSet(description, () => new HistogramCell(limits));
  }

  /** The cell of these label values, to be kept by who observes often. */
  of(...values: readonly string[]): HistogramCell {
    return this.#cells.of(values);
  }

  /** Drops the series whose labels have all of these values. */
  forget(labels: Readonly<Record<string, string>>): void {
    this.#cells.forget(labels);
  }

  lines(name: string): string[] {
    return Array.from(this.#cells.entries()).flatMap(([labels, cell]) => this.#cellLines(name, labels, cell));
  }

  #cellLines(name: string, labels: string, { counts, sum }: HistogramCell): string[] {
    const before = labels === "" ? "" : `${labels},`;
    let count = 0;
    const buckets = this.#limitTexts.map((limit, index) => {
      count += counts[index] ?? 0;
      return `${name}_bucket{${before}le="${limit}"} ${count}`;
    });
    return [...buckets, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`];
  }
}

/** Six significant digits in C's %g, as TensorFlow Serving writes limits: the text is part of a series' name. */
function formatLimit(limit: number): string {
  return formatFloat64(Number(limit.toPrecision(6))).replace(/\.0$/, "");
}
