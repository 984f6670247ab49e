import type { BatchObserver } from "../batching/batch-observer.ts";
import type { QueueRules } from "../batching/batch-rules.ts";
import type { BatchedId } from "../batching/server-batching.ts";
import { COUNTS, LATENCY_MICROS, MICROS_PER_MS, SECONDS } from "./buckets.ts";
import type { Counter } from "./counter.ts";
import type { Histogram } from "./histogram.ts";
import type { Reading } from "./readings.ts";
import type { MetricRegistry } from "./registry.ts";

const LABELS = ["model", "version", "signature"];
/** Sizes of batches that are told apart: where none are configured, requesters make them up (threat F6). */
const MAX_SIZES = 64;
const TENTHS = Float64Array.from({ length: 10 }, (_, index) => (index + 1) / 10);

/** Rules of a signature's batches, which may tune themselves. */
interface Watched {
  readonly id: BatchedId;
  readonly signature: string;
  readonly rules: QueueRules;
}

/** Counts batches, under TensorFlow Serving's names and under ours. */
export class BatchMetrics {
  readonly #registry: MetricRegistry;
  readonly #threadPool: string;
  readonly #tensorflow: ReturnType<typeof tensorflowMetrics>;
  readonly #queueSeconds: Histogram;
  readonly #rows: Histogram;
  readonly #fill: Histogram;
  readonly #paddingRows: Counter;
  #watched: readonly Watched[] = [];

  /** @param threadPool the label that TensorFlow Serving gives queueing times */
  constructor(registry: MetricRegistry, threadPool: string) {
    this.#registry = registry;
    this.#threadPool = threadPool;
    this.#tensorflow = tensorflowMetrics(registry);
    this.#queueSeconds = this.#histogram("queue_seconds", "Time that requests waited for their batch.", SECONDS);
    this.#rows = this.#histogram("rows", "Rows that requests asked for, of each batch.", COUNTS);
    this.#fill = this.#histogram("fill_ratio", "Rows of each batch in parts of the most it could have.", TENTHS);
    this.#paddingRows = registry.counter({
      name: "sealserve_batch_padding_rows_total",
      labels: LABELS,
      help: "Rows that were run only to come to an allowed batch size.",
    });
    this.#gauge("max_rows", "Most rows that a batch takes now.", ({ maxBatchRows }) => maxBatchRows);
    this.#gauge("timeout_seconds", "How long a batch waits for more rows now.", ({ timeoutMs }) => timeoutMs / 1000);
  }

  /** The observer of a signature's batches. */
  observe(id: BatchedId, signature: string, rules: QueueRules): BatchObserver {
    this.#watched = [...this.#watched, { id, signature, rules }];
    const labels = labelsOf({ id, signature });
    const { paddingSize, inputBatchSize, processedBatchSize, queuingLatency, wrappedRunCount } = this.#tensorflow;
    const cells = {
      queueMicros: queuingLatency.of(this.#threadPool),
      queueSeconds: this.#queueSeconds.of(...labels),
      rows: this.#rows.of(...labels),
      fill: this.#fill.of(...labels),
      paddingRows: this.#paddingRows.of(...labels),
    };
    return {
      queued: (waitedMs, rows) => {
        cells.queueMicros.observe(waitedMs * MICROS_PER_MS);
        cells.queueSeconds.observe(waitedMs / 1000);
        inputBatchSize.of().observe(rows);
      },
      ran: ({ rows, size }) => {
        wrappedRunCount.of().add();
        processedBatchSize.of().observe(size);
        paddingSize.of(String(size)).observe(size - rows);
        cells.rows.observe(rows);
        cells.fill.observe(rows / rules.maxBatchRows);
        cells.paddingRows.add(size - rows);
      },
    };
  }

  /** A version is gone, and its series with it. */
  forget({ name, version }: BatchedId): void {
    this.#watched = this.#watched.filter(({ id }) => id.name !== name || id.version !== version);
    for (const metric of [this.#queueSeconds, this.#rows, this.#fill, this.#paddingRows]) {
      metric.forget({ model: name, version: String(version) });
    }
  }

  #histogram(name: string, help: string, limits: Float64Array): Histogram {
    return this.#registry.histogram({ name: `sealserve_batch_${name}`, labels: LABELS, help }, limits);
  }

  #gauge(name: string, help: string, read: (rules: QueueRules) => number): void {
    this.#registry.gauge({ name: `sealserve_batch_${name}`, labels: LABELS, help }, () =>
      this.#watched.map((watched): Reading => [labelsOf(watched), read(watched.rules)]),
    );
  }
}

function labelsOf({ id, signature }: Pick<Watched, "id" | "signature">): string[] {
  return [id.name, String(id.version), signature];
}

function tensorflowMetrics(registry: MetricRegistry) {
  const name = (last: string): string => `/tensorflow/serving/batching_session/${last}`;
  return {
    queuingLatency: registry.histogram({ name: name("queuing_latency"), labels: ["thread_pool_name"] }, LATENCY_MICROS),
    wrappedRunCount: registry.counter({ name: name("wrapped_run_count") }),
    paddingSize: registry.histogram(
      { name: name("padding_size"), labels: ["execution_batch_size"], maxSeries: MAX_SIZES },
      COUNTS,
    ),
    inputBatchSize: registry.histogram({ name: name("input_batch_size") }, COUNTS),
    processedBatchSize: registry.histogram({ name: name("processed_batch_size") }, COUNTS),
  };
}
