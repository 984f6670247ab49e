import { LabelSet } from "./label-set.ts";
import type { Metric, MetricDescription } from "./metric.ts";

/** A number that only grows. */
export class CounterCell {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }
}

/** A counter, for each set of its labels. */
export class Counter implements Metric {
  readonly type = "counter";
  readonly description: MetricDescription;
  readonly #cells: LabelSet<CounterCell>;

  constructor(description: MetricDescription) {
    this.description = description;
    this.#cells = new LabelSet(description, () => new CounterCell());
  }

  /** The cell of these label values, to be kept by who counts often. */
  of(...values: readonly string[]): CounterCell {
    return this.#cells.of(values);
  }

  /** Sum over all labels. */
  get total(): number {
    return Array.from(this.#cells.entries(), ([, { value }]) => value).reduce((sum, value) => sum + value, 0);
  }

  /** Drops the series whose labels have all of these values. */
  forget(labels: Readonly<Record<string, string>>): void {
    this.#cells.forget(labels);
  }

  lines(name: string): string[] {
    return Array.from(this.#cells.entries(), ([labels, { value }]) => `${name}{${labels}} ${value}`);
  }
}
