import type { GrpcCodeName } from "@sealserve/protocol";
import type { Call } from "../core/call.ts";
import { COUNTS, LATENCY_MICROS, MICROS_PER_MS, SECONDS } from "./buckets.ts";
import type { Counter, CounterCell } from "./counter.ts";
import type { Histogram, HistogramCell } from "./histogram.ts";
import type { MetricRegistry } from "./registry.ts";

/** The rpcs that run a model. */
export type InferenceMethod = "Predict" | "Classify" | "Regress" | "MultiInference";

/** Which series a call belongs to. */
export interface CallLabels {
  readonly method: InferenceMethod;
  readonly entrypoint: Call["entrypoint"];
  readonly model: string;
  /** That ran; undefined for a call that failed. */
  readonly version?: bigint | undefined;
  readonly signature?: string;
}

/** The cells that calls of these labels are counted in when they succeed. */
interface CallCells {
  readonly labels: CallLabels;
  readonly counts: readonly CounterCell[];
  readonly micros: readonly HistogramCell[];
  readonly seconds: HistogramCell;
}

/** TensorFlow Serving leaves MultiInference out of its counts of requests. */
const UNCOUNTED: InferenceMethod = "MultiInference";

/**
 * Counts calls, under TensorFlow Serving's names and under ours, which tell versions and signatures apart. Its label of a
 * model that the server does not know is empty here: what requesters make up is no label (threat F6).
 */
export class RequestMetrics {
  readonly #isKnown: (model: string) => boolean;
  readonly #requestCount: Counter;
  readonly #requestLatency: Histogram;
  readonly #runtimeLatency: Histogram;
  readonly #exampleCounts: Histogram;
  readonly #exampleTotal: Counter;
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  /** For each model, those of calls that came before: to compare a few labels costs less than to build a key. */
  readonly #cells = new Map<string, CallCells[]>();

  constructor(registry: MetricRegistry, isKnown: (model: string) => boolean) {
    this.#isKnown = isKnown;
    const api = ["model_name", "API"];
    const name = (last: string): string => `/tensorflow/serving/${last}`;
    this.#requestCount = registry.counter({ name: name("request_count"), labels: ["model_name", "status"] });
    this.#requestLatency = registry.histogram(
      { name: name("request_latency"), labels: [...api, "entrypoint"] },
      LATENCY_MICROS,
    );
    this.#runtimeLatency = registry.histogram(
      { name: name("runtime_latency"), labels: [...api, "runtime"] },
      LATENCY_MICROS,
    );
    this.#exampleCounts = registry.histogram({ name: name("request_example_counts"), labels: ["model"] }, COUNTS);
    this.#exampleTotal = registry.counter({ name: name("request_example_count_total"), labels: ["model"] });
    const ours = ["model", "version", "signature", "method", "entrypoint"];
    this.#requests = registry.counter({
      name: "sealserve_requests_total",
      labels: [...ours, "code"],
      help: "Calls that run a model, by what they ran and how they ended.",
    });
    this.#seconds = registry.histogram(
      {
        name: "sealserve_request_duration_seconds",
        labels: ours,
        help: "Time from a decoded request to its answer, of calls that succeeded.",
      },
      SECONDS,
    );
  }

  /** A call has been answered after `ms`. */
  succeeded(labels: CallLabels, ms: number): void {
    const cells = this.#cellsOf(labels);
    for (const count of cells.counts) {
      count.add();
    }
    for (const micros of cells.micros) {
      micros.observe(ms * MICROS_PER_MS);
    }
    cells.seconds.observe(ms / 1000);
  }

  failed({ method, entrypoint, model }: CallLabels, code: GrpcCodeName): void {
    const known = this.#isKnown(model) ? model : "";
    if (entrypoint === "GRPC" && method !== UNCOUNTED) {
      this.#requestCount.of(known, code).add();
    }
    this.#requests.of(known, "", "", method, entrypoint, code).add();
  }

  /** A REST call has been answered, its JSON read and written; TensorFlow Serving counts these as a whole. */
  answeredRest(verb: string, model: string, code: GrpcCodeName, ms: number): void {
    if (code !== "OK") {
      this.#requestCount.of(this.#isKnown(model) ? model : "", code).add();
      return;
    }
    // What has run a model is known: to look for it among the versions would cost more than the rest.
    this.#requestCount.of(model, code).add();
    this.#requestLatency.of(model, verb, "REST").observe(ms * MICROS_PER_MS);
  }

  /** A request has brought examples to classify or regress. */
  examples(model: string, count: number): void {
    if (this.#isKnown(model)) {
      this.#exampleCounts.of(model).observe(count);
      this.#exampleTotal.of(model).add(count);
    }
  }

  /** A version is gone, and its series with it: versions come without end. */
  forget(model: string, version: bigint): void {
    const labels = { model, version: String(version) };
    this.#requests.forget(labels);
    this.#seconds.forget(labels);
    this.#cells.clear();
  }

  #cellsOf(labels: CallLabels): CallCells {
    const ofModel = this.#cells.get(labels.model) ?? [];
    const known = ofModel.find((cells) => isSame(cells.labels, labels));
    if (known !== undefined) {
      return known;
    }
    const added = this.#makeCells(labels);
    this.#cells.set(labels.model, [...ofModel, added]);
    return added;
  }

  #makeCells(labels: CallLabels): CallCells {
    const { method, entrypoint, model, version, signature = "" } = labels;
    const ours = [model, String(version ?? ""), signature, method, entrypoint];
    const counts = [this.#requests.of(...ours, "OK")];
    const micros: HistogramCell[] = [];
    if (method !== UNCOUNTED) {
      micros.push(this.#runtimeLatency.of(model, method, "TF1"));
    }
    if (method !== UNCOUNTED && entrypoint === "GRPC") {
      counts.push(this.#requestCount.of(model, "OK"));
      micros.push(this.#requestLatency.of(model, method, entrypoint));
    }
    return { labels, counts, micros, seconds: this.#seconds.of(...ours) };
  }
}

function isSame(one: CallLabels, other: CallLabels): boolean {
  return (
    one.version === other.version &&
    one.method === other.method &&
    one.entrypoint === other.entrypoint &&
    one.signature === other.signature
  );
}
