import { type GrpcCodeName, servingErrorOf } from "@sealserve/protocol";
import type { Servables } from "../core/servables.ts";
import { LATENCY_MICROS, MICROS_PER_MS, SECONDS } from "./buckets.ts";
import type { Counter } from "./counter.ts";
import type { Histogram } from "./histogram.ts";
import type { Reading } from "./readings.ts";
import type { MetricRegistry } from "./registry.ts";

/** Counts what happens to versions: loads, warm-ups, unloads. */
export class LifeMetrics {
  readonly #loadSeconds: Histogram;
  readonly #unloadSeconds: Histogram;
  readonly #warmUpLatency: Histogram;
  readonly #warmUpRecords: Counter;
  readonly #mlmd = new Map<string, readonly string[]>();
  /** By version: bytes that the process grew by while it was loaded. */
  readonly #growth = new Map<string, Reading>();

  constructor(registry: MetricRegistry, servables: Pick<Servables, "names" | "versions">) {
    this.#loadSeconds = registry.histogram(
      {
        name: "sealserve_model_load_seconds",
        labels: ["model", "result"],
        help: "Time that attempts to load a version took, warm-up included; the result is ok or failed.",
      },
      SECONDS,
    );
    this.#unloadSeconds = registry.histogram(
      { name: "sealserve_model_unload_seconds", labels: ["model"], help: "Time that unloading a version took." },
      SECONDS,
    );
    registry.gauge(
      {
        name: "sealserve_model_version_state",
        labels: ["model", "version", "state"],
        help: "1 for the state that each known version is in.",
      },
      () => readStates(servables),
    );
    registry.gauge(
      {
        name: "sealserve_model_load_memory_bytes",
        labels: ["model", "version"],
        help: "How much the process grew while the version was loaded, by all that went on meanwhile.",
      },
      () => this.#growth.values(),
    );
    const warmUp = { labels: ["model_path", "status"] };
    this.#warmUpLatency = registry.histogram(
      { name: "/tensorflow/serving/model_warmup_latency", ...warmUp },
      LATENCY_MICROS,
    );
    this.#warmUpRecords = registry.counter({ name: "/tensorflow/serving/model_warmup_records_read", ...warmUp });
    registry.gauge({ name: "/tensorflow/serving/mlmd_map", labels: ["model_name", "version", "uuid"] }, () =>
      Array.from(this.#mlmd.values(), (labels): Reading => [labels, 1]),
    );
  }

  loaded(model: string, result: "ok" | "failed", ms: number): void {
    this.#loadSeconds.of(model, result).observe(ms / 1000);
  }

  unloaded(model: string, version: bigint, ms: number): void {
    this.#unloadSeconds.of(model).observe(ms / 1000);
    this.#mlmd.delete(versionKey(model, version));
    this.#growth.delete(versionKey(model, version));
  }

  /**
   * Counts a warm-up.
   *
   * @param path of the version's folder, or what stands for it
   * @param run gives the number of requests that were run
   */
  async observeWarmUp(path: string, run: () => Promise<number>): Promise<void> {
    const startedAt = performance.now();
    const note = (status: GrpcCodeName, records: number): void => {
      this.#warmUpLatency.of(path, status).observe((performance.now() - startedAt) * MICROS_PER_MS);
      this.#warmUpRecords.of(path, status).add(records);
    };
    try {
      note("OK", await run());
    } catch (error) {
      note(servingErrorOf(error).code, 0);
      throw error;
    }
  }

  /** A version came with an identifier of ML Metadata, in `assets.extra/mlmd_uuid`. */
  identified(model: string, version: bigint, uuid: string): void {
    this.#mlmd.set(versionKey(model, version), [model, String(version), uuid]);
  }

  /** The process has grown by `bytes` while a version was loaded; fewer than none when it gave memory back. */
  grew(model: string, version: bigint, bytes: number): void {
    this.#growth.set(versionKey(model, version), [[model, String(version)], bytes]);
  }
}

function versionKey(model: string, version: bigint): string {
  return `${model}\0${version}`;
}

function readStates(servables: Pick<Servables, "names" | "versions">): Reading[] {
  return servables
    .names()
    .flatMap((model) =>
      servables.versions(model).map(({ version, state }) => [[model, String(version), state], 1] as const),
    );
}
