import { Counter } from "./counter.ts";
import { Histogram } from "./histogram.ts";
import type { Metric, MetricDescription } from "./metric.ts";
import { type Reading, Readings } from "./readings.ts";

/** All metrics of a server, in Prometheus's text format as TensorFlow Serving writes it. */
export class MetricRegistry {
  readonly #metrics = new Map<string, Metric>();

  counter(description: MetricDescription): Counter {
    return this.#add(new Counter(description));
  }

  /** @param read gives every series when somebody asks */
  gauge(description: MetricDescription, read: () => Iterable<Reading>): Readings {
    return this.#add(new Readings("gauge", description, read));
  }

  /** @param read gives every series when somebody asks: numbers that only grow, counted elsewhere */
  readCounter(description: MetricDescription, read: () => Iterable<Reading>): Readings {
    return this.#add(new Readings("counter", description, read));
  }

  /** @param limits upper limits of the buckets, growing */
  histogram(description: MetricDescription, limits: Float64Array): Histogram {
    return this.#add(new Histogram(description, limits));
  }

  /** Sum of a counter over its labels; undefined when there is none of this name. */
  counterValue(name: string): bigint | undefined {
    const metric = this.#metrics.get(name);
    return metric instanceof Counter ? BigInt(Math.round(metric.total)) : undefined;
  }

  /** What is served at the metrics path. */
  expose(): string {
    const lines = Array.from(this.#metrics.values(), describe);
    return lines.map((ofMetric) => `${ofMetric.join("\n")}\n`).join("");
  }

  #add<M extends Metric>(metric: M): M {
    const { name } = metric.description;
    if (this.#metrics.has(name)) {
      throw new Error(`metric ${name} is registered already`);
    }
    this.#metrics.set(name, metric);
    return metric;
  }
}

function describe(metric: Metric): string[] {
  const { name: internal, help } = metric.description;
  const name = internal.replace(/[^a-zA-Z0-9_]/g, ":");
  const first = help === undefined ? [] : [`# HELP ${name} ${help}`];
  return [...first, `# TYPE ${name} ${metric.type}`, ...metric.lines(name)];
}
