/** What a span says beside its time. Never anything out of a request but sizes. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A finished piece of work. Times are milliseconds of `performance.now()`. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** A server span stands for a call, the others for parts of it. */
  readonly kind: "server" | "internal";
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: SpanAttributes;
  /** Whether the work has failed by the server's fault. */
  readonly isError: boolean;
}
