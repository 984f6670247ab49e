import type { MetricDescription } from "./metric.ts";

/** Most series of a metric that sets no limit: its labels are names that the server knows, and even these may grow without end (threat F6). */
const MAX_SERIES = 4096;

/** What a metric counts apart: one cell for each set of label values. */
export class LabelSet<Cell> {
  readonly names: readonly string[];
  readonly #make: () => Cell;
  readonly #maxSeries: number;
  readonly #cells = new Map<string, { readonly values: readonly string[]; readonly cell: Cell }>();

  constructor({ labels = [], maxSeries = MAX_SERIES }: MetricDescription, make: () => Cell) {
    this.names = labels;
    this.#make = make;
    this.#maxSeries = maxSeries;
    if (labels.length === 0) {
      this.of([]);
    }
  }

  /** The cell of these values, in the order of the names. Beyond the limit all new values share one of empty labels. */
  of(values: readonly string[]): Cell {
    const known = this.#cells.get(keyOf(values));
    if (known !== undefined) {
      return known.cell;
    }
    const kept = this.#cells.size < this.#maxSeries ? values : this.names.map(() => "");
    const added = this.#cells.get(keyOf(kept)) ?? { values: kept, cell: this.#make() };
    this.#cells.set(keyOf(kept), added);
    return added.cell;
  }

  /** Drops the cells whose labels have all of these values. */
  forget(labels: Readonly<Record<string, string>>): void {
    for (const [key, { values }] of this.#cells) {
      if (
        this.names.length > 0 &&
        Object.entries(labels).every(([name, value]) => values[this.names.indexOf(name)] === value)
      ) {
        this.#cells.delete(key);
      }
    }
  }

  /** Every cell with its labels as the text format writes them: `a="1",b="2"`. */
  *entries(): Generator<readonly [labels: string, cell: Cell]> {
    for (const { values, cell } of this.#cells.values()) {
      yield [formatLabels(this.names, values), cell];
    }
  }
}

function keyOf(values: readonly string[]): string {
  return values.join("\0");
}

/** Labels as the text format writes them: `a="1",b="2"`. */
export function formatLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escapeLabel(values[index] ?? "")}"`).join(",");
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
