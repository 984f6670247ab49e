import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { createAuthority, type TestAuthority } from "../../../../tests/support/tls-authority.ts";
import { CounterCell } from "../../src/metrics/counter.ts";
import type { Span } from "../../src/tracing/span.ts";
import { SpanExporter } from "../../src/tracing/span-exporter.ts";
import { type Collector, startCollector } from "../support/collector.ts";

let authority: TestAuthority;
let collector: Collector;

before(async () => {
  authority = await createAuthority();
});
beforeEach(async () => {
  collector = await startCollector(authority);
});
afterEach(async () => await collector.close());

/** Counts of spans, and how they stand. */
function counted() {
  const counts = { exported: new CounterCell(), dropped: new CounterCell() };
  return { counts, sent: () => [counts.exported.value, counts.dropped.value] };
}

function spans(count: number): Span[] {
  return Array.from({ length: count }, (_, index) => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: index.toString(16).padStart(16, "0"),
    parentSpanId: index === 0 ? undefined : "b7ad6b7169203331",
    name: `part ${index}`,
    kind: index === 0 ? "server" : "internal",
    startedAt: 1.5,
    endedAt: 2.25,
    attributes: { rows: 3, "sealserve.model": "half" },
    isError: index === 1,
  }));
}

test("spans arrive as OTLP's JSON, over TLS", async () => {
  const { counts, sent } = counted();
  const exporter = new SpanExporter(collector.endpoint, { counts, ca: authority.caPem });
  exporter.add(spans(2));
  await exporter.close();
  const [call, part] = collector.spans;
  const nanos = (time: number): string => String(BigInt(Math.round((performance.timeOrigin + time) * 1e6)));
  assert.deepEqual(call, {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "0000000000000000",
    name: "part 0",
    kind: 2,
    startTimeUnixNano: nanos(1.5),
    endTimeUnixNano: nanos(2.25),
    attributes: [
      { key: "rows", value: { intValue: "3" } },
      { key: "sealserve.model", value: { stringValue: "half" } },
    ],
  });
  assert.deepEqual([part?.kind, part?.parentSpanId, part?.status], [1, "b7ad6b7169203331", { code: 2 }]);
  assert.match(collector.bodies[0] ?? "", /"service\.name","value":\{"stringValue":"sealserve"\}/);
  assert.deepEqual(sent(), [2, 0]);
});

test("many spans are sent in several requests, one after the other", async () => {
  const { counts, sent } = counted();
  const exporter = new SpanExporter(collector.endpoint, { counts, ca: authority.caPem });
  const held = Promise.withResolvers<void>();
  collector.gate = held.promise;
  exporter.add(spans(1000));
  exporter.add(spans(100));
  held.resolve();
  await exporter.close();
  assert.deepEqual([collector.spans.length, collector.bodies.length], [1100, 3]);
  assert.deepEqual(sent(), [1100, 0]);
});

test("what a collector does not take is dropped and counted", async () => {
  for (const status of [400, 404, 429, 500, 302]) {
    const { counts, sent } = counted();
    const exporter = new SpanExporter(collector.endpoint, { counts, ca: authority.caPem });
    collector.status = status;
    exporter.add(spans(3));
    await exporter.close();
    assert.deepEqual(sent(), [0, 3], `${status}`);
  }
});

test("spans that nobody takes do not pile up", async () => {
  const { counts, sent } = counted();
  const exporter = new SpanExporter(collector.endpoint, { counts, ca: authority.caPem });
  const held = Promise.withResolvers<void>();
  collector.gate = held.promise;
  for (let index = 0; index < 100; index++) {
    exporter.add(spans(100));
  }
  assert.ok(counts.dropped.value >= 5000, sent().join());
  held.resolve();
  await exporter.close();
  assert.equal(counts.exported.value + counts.dropped.value, 10_000);
});

test("nothing is sent to one who does not prove to be the collector, or to nobody", async () => {
  const { counts, sent } = counted();
  const exporter = new SpanExporter(collector.endpoint, { counts, ca: (await createAuthority()).caPem });
  exporter.add(spans(3));
  await exporter.close();
  const gone = new SpanExporter("https://localhost:1/v1/traces", { counts });
  gone.add(spans(2));
  await gone.close();
  assert.deepEqual([sent(), collector.bodies], [[0, 5], []]);
});
