import { ProviderError } from "../provider.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { type DocumentFacts, listDocuments } from "../store/documents.ts";
import { countPlatforms } from "../store/platforms.ts";
import { Counter, gaugeText, type Labels } from "./prometheus.ts";

const DAY_MS = 86_400_000;

/** Counts of one process, by the names of the metrics and the texts of their labels. */
export type MetricCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Counts what the service does. Labels are kinds and codes of this program: nothing of requests is in them (threat F6). */
export class CollateralMetrics {
  readonly #answers = new Counter(
    "sealserve_collateral_answers_total",
    "Answers by status, and whether they were ready.",
  );
  readonly #misses = new Counter("sealserve_collateral_misses_total", "What was asked for and not stored, by kind.");
  readonly #upstream = new Counter(
    "sealserve_collateral_upstream_requests_total",
    "Fetches from upstream, by outcome.",
  );
  readonly #seconds = new Counter(
    "sealserve_collateral_upstream_seconds_total",
    "Time that fetches from upstream took, with their retries.",
  );
  readonly #refreshes = new Counter("sealserve_collateral_refreshes_total", "Scheduled refreshes, by outcome.");

  get #counters(): readonly Counter[] {
    return [this.#answers, this.#misses, this.#upstream, this.#seconds, this.#refreshes];
  }

  /** What was counted since it was last taken, for the process that counts for all; it is forgotten here. */
  take(): MetricCounts {
    return Object.fromEntries(this.#counters.map((counter) => [counter.name, counter.take()]));
  }

  /** Adds what another process took. */
  give(counts: MetricCounts): void {
    for (const counter of this.#counters) {
      counter.give(counts[counter.name] ?? {});
    }
  }

  answered(status: number, ready: boolean): void {
    this.#answers.add({ status: `${status}`, ready: `${ready}` });
  }

  missed(kind: string): void {
    this.#misses.add({ kind });
  }

  refreshed(outcome: "done" | "failed"): void {
    this.#refreshes.add({ outcome });
  }

  /** Runs a fetch, and counts how it went. */
  async observeFetch<Value>(operation: string, fetch: () => Promise<Value>): Promise<Value> {
    const start = performance.now();
    let outcome = "fault";
    try {
      const value = await fetch();
      outcome = "ok";
      return value;
    } catch (error) {
      outcome = error instanceof ProviderError ? error.code : outcome;
      throw error;
    } finally {
      this.#upstream.add({ operation, outcome });
      this.#seconds.add({ operation }, (performance.now() - start) / 1000);
    }
  }

  /** Everything in Prometheus' text format, with what is stored now. */
  async text(database: SqlDatabase, now: Date): Promise<string> {
    const [documents, platforms] = await database.read(
      async (connection) => [await listDocuments(connection), await countPlatforms(connection)] as const,
    );
    return [...this.#counters.map((counter) => counter.text()), ...storedText(documents, platforms, now)].join("");
  }
}

function storedText(documents: readonly DocumentFacts[], platforms: number, now: Date): string[] {
  const kinds = Map.groupBy(documents, ({ key }) => key.split("/", 1)[0] ?? "");
  const series = (read: (ofKind: readonly DocumentFacts[]) => number): (readonly [Labels, number])[] =>
    Array.from(kinds, ([kind, ofKind]) => [{ kind }, read(ofKind)] as const);
  const oldest = series(
    (ofKind) => Math.max(...ofKind.map(({ fetchedAt }) => now.getTime() - fetchedAt.getTime())) / 1000,
  );
  const first = series(
    (ofKind) => Math.min(...ofKind.map(({ nextUpdate }) => nextUpdate.getTime() - now.getTime())) / DAY_MS,
  );
  return [
    gaugeText("sealserve_collateral_platforms", "Platforms whose certificates are stored.", [[{}, platforms]]),
    gaugeText(
      "sealserve_collateral_documents",
      "Documents that are stored, by kind.",
      series(({ length }) => length),
    ),
    gaugeText(
      "sealserve_collateral_oldest_age_seconds",
      "Time since the oldest document of a kind was fetched.",
      oldest,
    ),
    gaugeText("sealserve_collateral_days_to_expiry", "Days until the first document of a kind expires.", first),
  ];
}
