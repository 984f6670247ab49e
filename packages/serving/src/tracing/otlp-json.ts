import { VERSION } from "../version.ts";
import type { Span, SpanAttributes } from "./span.ts";

const NAME = "sealserve";
/** Numbers of `SpanKind` and of the status code for errors in opentelemetry/proto/trace/v1/trace.proto. */
const SPAN_KINDS = { internal: 1, server: 2 } as const;
const STATUS_ERROR = 2;
const NANOS_PER_MS = 1_000_000;

/** `ExportTraceServiceRequest` in the JSON form of OTLP 1. */
export function encodeSpans(spans: readonly Span[]): string {
  const resource = { attributes: encodeAttributes({ "service.name": NAME, "service.version": VERSION }) };
  const scope = { name: NAME, version: VERSION };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spans.map(encodeSpan) }] }] });
}

function encodeSpan({ traceId, spanId, parentSpanId, name, kind, startedAt, endedAt, attributes, isError }: Span) {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: SPAN_KINDS[kind],
    startTimeUnixNano: unixNanos(startedAt),
    endTimeUnixNano: unixNanos(endedAt),
    attributes: encodeAttributes(attributes),
    ...(isError ? { status: { code: STATUS_ERROR } } : {}),
  };
}

/** @param time milliseconds of `performance.now()` */
function unixNanos(time: number): string {
  return String(BigInt(Math.round((performance.timeOrigin + time) * NANOS_PER_MS)));
}

function encodeAttributes(attributes: SpanAttributes) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
}
