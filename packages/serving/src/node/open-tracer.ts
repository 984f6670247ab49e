import { SpanExporter } from "../tracing/span-exporter.ts";
import { Tracer } from "../tracing/tracer.ts";
import type { StartContext } from "./start-context.ts";

/** The tracer that the options ask for, which sends what is left when the node closes; undefined when traces are off. */
export function openTracer({ options, metrics, closers }: StartContext): Tracer | undefined {
  const { traceEndpoint } = options.monitoring;
  if (traceEndpoint === undefined) {
    return undefined;
  }
  const spans = metrics.registry.counter({
    name: "sealserve_trace_spans_total",
    labels: ["result"],
    help: "Spans of traced calls: exported to the collector, or dropped because it did not take them in time.",
  });
  const counts = { exported: spans.of("exported"), dropped: spans.of("dropped") };
  const exporter = closers.add(new SpanExporter(traceEndpoint, { counts }));
  return new Tracer((finished) => exporter.add(finished));
}
