import { formatLabels } from "./label-set.ts";
import type { Metric, MetricDescription } from "./metric.ts";

/** Label values and the number that goes with them. */
export type Reading = readonly [labels: readonly string[], value: number];

/** Numbers as they are at the moment when somebody asks. */
export class Readings implements Metric {
  readonly type: "gauge" | "counter";
  readonly description: MetricDescription;
  readonly #read: () => Iterable<Reading>;

  /** @param read gives every series, each set of label values once */
  constructor(type: "gauge" | "counter", description: MetricDescription, read: () => Iterable<Reading>) {
    this.type = type;
    this.description = description;
    this.#read = read;
  }

  lines(name: string): string[] {
    const { labels = [] } = this.description;
    return Array.from(this.#read(), ([values, value]) => `${name}{${formatLabels(labels, values)}} ${value}`);
  }
}
