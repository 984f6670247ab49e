/** Names and values of labels; both come from this program, never from requests. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows, for each set of labels. */
export class Counter {
  readonly #name: string;
  readonly #help: string;
  readonly #values = new Map<string, number>();

  /** @param name with `_total` at its end, or `_sum` and `_count` of a summary */
  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  get name(): string {
    return this.#name;
  }

  add(labels: Labels, amount = 1): void {
    this.#addTo(labelText(labels), amount);
  }

  /** What was counted since it was last taken, by the text of its labels; it is forgotten here. */
  take(): Readonly<Record<string, number>> {
    const taken = Object.fromEntries(this.#values);
    this.#values.clear();
    return taken;
  }

  /** Adds what another process took. */
  give(taken: Readonly<Record<string, number>>): void {
    for (const [key, amount] of Object.entries(taken)) {
      this.#addTo(key, amount);
    }
  }

  /** In Prometheus' text format. */
  text(): string {
    return metricText(this.#name, "counter", this.#help, this.#values);
  }

  #addTo(key: string, amount: number): void {
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }
}

/** A number as it is now, for each set of labels, in Prometheus' text format. */
export function gaugeText(name: string, help: string, values: Iterable<readonly [Labels, number]>): string {
  return metricText(
    name,
    "gauge",
    help,
    Array.from(values, ([labels, value]) => [labelText(labels), value] as const),
  );
}

function metricText(name: string, type: string, help: string, values: Iterable<readonly [string, number]>): string {
  const lines = Array.from(values, ([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
