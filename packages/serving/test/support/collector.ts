import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestAuthority } from "../../../../tests/support/tls-authority.ts";

/** A span as a collector gets it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[];
  readonly status?: { readonly code: number };
}

/** A collector of traces: OTLP over HTTPS. */
export interface Collector {
  readonly endpoint: string;
  readonly spans: ReceivedSpan[];
  /** Bodies as they came. */
  readonly bodies: string[];
  /** What it answers. */
  status: number;
  /** Awaited before each answer. */
  gate: Promise<void>;
  close(): Promise<void>;
}

export async function startCollector(authority: TestAuthority): Promise<Collector> {
  const { keyPem, certificatePem } = await authority.issue();
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer(
    { key: keyPem, cert: certificatePem },
    (request, response) => void answer(request, response),
  );
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    bodies.push(body);
    spans.push(...spansOf(body));
    await collector.gate;
    response.writeHead(collector.status, { "content-type": "application/json" }).end("{}");
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector: Collector = {
    endpoint: `https://localhost:${(server.address() as AddressInfo).port}/v1/traces`,
    spans,
    bodies,
    status: 200,
    gate: Promise.resolve(),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return collector;
}

function spansOf(body: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
}
