import { parseCertificateChainPem } from "@sealserve/core";
import { fileRoles, readBoundedText } from "../config/bounded-file.ts";
import { NodeError } from "../errors.ts";
import { SpanExporter } from "../tracing/span-exporter.ts";
import { Tracer } from "../tracing/tracer.ts";
import type { StartContext } from "./start-context.ts";

/**
 * The tracer that the options ask for, which sends what is left when the node closes; undefined when traces are off.
 *
 * @throws NodeError `bad-option`, `file-too-large` for the file of authorities; Error of the file system
 */
export async function openTracer({ options, metrics, closers }: StartContext): Promise<Tracer | undefined> {
  const { traceEndpoint, traceCaFile } = options.monitoring;
  if (traceEndpoint === undefined) {
    return undefined;
  }
  const ca = traceCaFile === undefined ? {} : { ca: await readAuthorities(traceCaFile) };
  const spans = metrics.registry.counter({
    name: "sealserve_trace_spans_total",
    labels: ["result"],
    help: "Spans of traced calls: exported to the collector, or dropped because it did not take them in time.",
  });
  const counts = { exported: spans.of("exported"), dropped: spans.of("dropped") };
  const exporter = closers.add(new SpanExporter(traceEndpoint, { counts, ...ca }));
  return new Tracer((finished) => exporter.add(finished));
}

/** Checked here because TLS passes over what it cannot read, and then trusts nobody. */
async function readAuthorities(file: string): Promise<string> {
  const pem = await readBoundedText(file, fileRoles.certificates);
  try {
    parseCertificateChainPem(pem);
  } catch (cause) {
    throw new NodeError("bad-option", `${file}: the authorities of the endpoint for traces cannot be used`, {
      expected: "at least one certificate, PEM, and nothing else",
      remedy: "correct the file, or leave it out to trust the authorities that Node.js brings along",
      cause,
    });
  }
  return pem;
}
