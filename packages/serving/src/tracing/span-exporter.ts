import { Agent, request } from "node:https";
import { encodeSpans } from "./otlp-json.ts";
import type { Span } from "./span.ts";

/** Spans that wait at most; more are dropped. */
const MAX_QUEUED = 4096;
/** Spans of one request. */
const MAX_SENT = 512;
const INTERVAL_MS = 5000;
const TIMEOUT_MS = 10_000;
const OK = 200;
const MULTIPLE_CHOICES = 300;

/** What an exporter needs beside its endpoint. */
export interface ExporterOptions {
  /** Counts spans that the endpoint has taken, and those that it has not or for which there was no room. */
  readonly counts: { readonly exported: Count; readonly dropped: Count };
  /** Authorities of the endpoint's certificate, PEM; those of Node by default. */
  readonly ca?: string;
}

interface Count {
  add(amount: number): void;
}

/** Sends finished spans to a collector: OTLP over HTTPS, in JSON. What cannot be sent is dropped, never kept for long. */
export class SpanExporter {
  readonly #endpoint: URL;
  readonly #counts: ExporterOptions["counts"];
  readonly #agent: Agent;
  readonly #timer: NodeJS.Timeout;
  #queue: Span[] = [];
  #sending: Promise<void> | undefined;

  /** @param endpoint such as `https://collector.example:4318/v1/traces` */
  constructor(endpoint: string, { counts, ca }: ExporterOptions) {
    this.#endpoint = new URL(endpoint);
    this.#counts = counts;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ...(ca === undefined ? {} : { ca }) });
    this.#timer = setInterval(() => void this.flush(), INTERVAL_MS).unref();
  }

  add(spans: readonly Span[]): void {
    if (this.#queue.length + spans.length > MAX_QUEUED) {
      this.#counts.dropped.add(spans.length);
      return;
    }
    this.#queue.push(...spans);
    if (this.#queue.length >= MAX_SENT) {
      void this.flush();
    }
  }

  /** Sends what waits; at most one request is under way at a time. */
  async flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  /** Sends what waits for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
    this.#agent.destroy();
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const spans = this.#queue.splice(0, MAX_SENT);
      const isTaken = await this.#post(spans).catch(() => false);
      this.#counts[isTaken ? "exported" : "dropped"].add(spans.length);
    }
  }

  async #post(spans: readonly Span[]): Promise<boolean> {
    const body = encodeSpans(spans);
    return await new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const sent = request(this.#endpoint, { method: "POST", headers, agent: this.#agent, signal }, (response) => {
        const { statusCode = 0 } = response;
        response.resume().on("error", reject);
        response.on("end", () => resolve(statusCode >= OK && statusCode < MULTIPLE_CHOICES));
      });
      sent.on("error", reject).end(body);
    });
  }
}
