import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Reading } from "./readings.ts";
import type { MetricRegistry } from "./registry.ts";

const NANOS_PER_SECOND = 1e9;
const NANOS_PER_MS = 1e6;
const MINUTE_MS = 60_000;
/** How often the event loop's delay is sampled, milliseconds. */
const RESOLUTION_MS = 20;
const QUANTILES = [0.5, 0.9, 0.99, 1];

/** What a process and its ports hold now. */
export interface ProcessGauges {
  /** Open connections of each port, by its name. */
  readonly connections: () => ReadonlyMap<string, number>;
  /** Bytes of requests and answers in memory. */
  readonly bytesInFlight: () => number;
}

/**
 * Tells of the process: memory, connections, and how long its event loop is held up.
 * @returns ends the sampling
 */
export function observeProcess(registry: MetricRegistry, { connections, bytesInFlight }: ProcessGauges): () => void {
  const { read, stop } = sampleEventLoop();
  const help = "How late the event loop ran in the last full minute.";
  registry.gauge({ name: "sealserve_event_loop_delay_seconds", labels: ["quantile"], help }, read);
  registry.gauge(
    { name: "sealserve_memory_bytes", labels: ["kind"], help: "Memory of the process, in all and of JavaScript." },
    () => {
      const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
      return Object.entries({ rss, heapUsed, external, arrayBuffers }).map(([kind, bytes]) => [[kind], bytes]);
    },
  );
  registry.gauge({ name: "sealserve_connections", labels: ["port"], help: "Open connections." }, () =>
    Array.from(connections(), ([port, count]) => [[port], count]),
  );
  registry.gauge({ name: "sealserve_bytes_in_flight", help: "Bytes of requests and answers held in memory." }, () => [
    [[], bytesInFlight()],
  ]);
  return stop;
}

/** Whole minutes, so that asking changes nothing: several may ask (threat F6). */
function sampleEventLoop(): { read: () => readonly Reading[]; stop: () => void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const quantiles = (): Reading[] =>
    QUANTILES.map((quantile) => {
      const nanos = Math.max(0, delay.percentile(quantile * 100) - RESOLUTION_MS * NANOS_PER_MS);
      return [[String(quantile)], nanos / NANOS_PER_SECOND];
    });
  let lastMinute: readonly Reading[] | undefined;
  const timer = setInterval(() => {
    lastMinute = quantiles();
    delay.reset();
  }, MINUTE_MS).unref();
  delay.enable();
  const stop = (): void => {
    clearInterval(timer);
    delay.disable();
  };
  return { read: () => lastMinute ?? quantiles(), stop };
}
