import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, beforeEach, describe, it } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { encodePredictRequest, ModelSpec } from "@sealserve/protocol";
import { HttpsClient } from "../../../../tests/support/https-request.ts";
import { createAuthority } from "../../../../tests/support/tls-authority.ts";
import { ServerBatching } from "../../src/batching/server-batching.ts";
import { ModelHandler } from "../../src/core/handler.ts";
import { servingMethods } from "../../src/grpc/methods.ts";
import { openGrpcServer } from "../../src/grpc/server.ts";
import { openHttpServer } from "../../src/http/server.ts";
import { ObservedHandler } from "../../src/metrics/observed-handler.ts";
import { MetricRegistry } from "../../src/metrics/registry.ts";
import { RequestMetrics } from "../../src/metrics/request-metrics.ts";
import { restRoute } from "../../src/rest/route.ts";
import type { Span } from "../../src/tracing/span.ts";
import { Tracer } from "../../src/tracing/tracer.ts";
import { MemoryBudget } from "../../src/transport/memory-budget.ts";
import { floats, observed } from "../batching/support.ts";
import { modelDouble } from "../support/model-double.ts";
import { quickLimits } from "../support/quick-limits.ts";
import { ServedModel } from "../support/served-model.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const SAMPLED = `00-${TRACE_ID}-${SPAN_ID}-01`;

let finished: Span[] = [];
let client: grpc.Client;
let rest: HttpsClient;
let close: () => Promise<void>;

before(async () => {
  const authority = await createAuthority();
  const limits = quickLimits();
  const batching = new ServerBatching({ kind: "auto", latencyBudgetMs: 100 }, observed);
  const model = batching.decorate(modelDouble(), { name: "half", version: 3n }, undefined);
  const models = new ModelHandler(new ServedModel("half", [{ version: 3n, model }]));
  const handler = new ObservedHandler(models, new RequestMetrics(new MetricRegistry(), () => true));
  const tracer = new Tracer((spans) => finished.push(...spans));
  const shared = { limits, budget: new MemoryBudget(limits.maxBytesInFlight), log: () => undefined, tracer };
  const anywhere = { host: "127.0.0.1", port: 0 };
  const methods = servingMethods(handler);
  const fronts = await Promise.all([
    openGrpcServer(anywhere, { ...shared, tls: await authority.issue(), methods }),
    openHttpServer(anywhere, { ...shared, tls: await authority.issue(), routes: [restRoute(handler, limits)] }),
  ]);
  const [grpcPort, restPort] = fronts.map(({ address }) => address.port);
  client = new grpc.Client(`localhost:${grpcPort}`, grpc.credentials.createSsl(Buffer.from(authority.caPem)));
  rest = new HttpsClient(restPort ?? 0, authority.caPem);
  close = async () => {
    client.close();
    rest.close();
    await Promise.all(fronts.map((front) => front.close()));
  };
});
beforeEach(() => {
  finished = [];
});
after(async () => await close());

/** Calls Predict, and waits until the server has finished with it. */
async function predict(name: string, traceparent?: string, rpc = "Predict"): Promise<void> {
  const inputs = new Map([["x", floats([4711, 2])]]);
  const request = encodePredictRequest({ modelSpec: ModelSpec.create({ name }), inputs, outputFilter: [] });
  const metadata = new grpc.Metadata();
  if (traceparent !== undefined) {
    metadata.set("traceparent", traceparent);
  }
  const same = (bytes: Buffer): Buffer => bytes;
  const path = `/tensorflow.serving.PredictionService/${rpc}`;
  const call = client.makeUnaryRequest(path, same, same, Buffer.from(request), metadata, () => undefined);
  await once(call, "status");
}

const attributesOf = (span: Span | undefined): unknown => span?.attributes;

describe("a traced call", () => {
  it("over gRPC has spans for receiving, queue, batch, run and encoding, below the caller's", async () => {
    await predict("half", SAMPLED);
    const [call, ...parts] = finished;
    assert.deepEqual(
      [call?.name, call?.kind, call?.traceId, call?.parentSpanId, call?.isError],
      ["tensorflow.serving.PredictionService/Predict", "server", TRACE_ID, SPAN_ID, false],
    );
    assert.deepEqual(attributesOf(call), {
      "rpc.system": "grpc",
      "rpc.service": "tensorflow.serving.PredictionService",
      "rpc.method": "Predict",
      "rpc.grpc.status_code": 0,
      "sealserve.model": "half",
      "sealserve.version": "3",
      "sealserve.signature": "serving_default",
    });
    assert.deepEqual(
      parts.map(({ name }) => name),
      ["receive", "queue", "batch", "run", "encode"],
    );
    assert.deepEqual(attributesOf(parts[2]), { "sealserve.batch.rows": 2, "sealserve.batch.size": 2 });
    for (const part of parts) {
      assert.deepEqual([part.traceId, part.parentSpanId], [TRACE_ID, call?.spanId]);
      assert.ok(part.startedAt >= (call?.startedAt ?? 0) && part.endedAt <= (call?.endedAt ?? 0), part.name);
      assert.ok(part.startedAt <= part.endedAt, part.name);
    }
    assert.equal(new Set(finished.map(({ spanId }) => spanId)).size, 6);
  });

  it("over REST has the same spans, and its status", async () => {
    const request = { method: "POST", path: "/v1/models/half:predict", body: '{"instances": [4711]}' };
    await rest.send({ ...request, headers: { traceparent: SAMPLED } });
    const [call, ...parts] = finished;
    assert.deepEqual([call?.name, call?.traceId, call?.parentSpanId], ["POST", TRACE_ID, SPAN_ID]);
    assert.deepEqual(
      parts.map(({ name }) => name),
      ["receive", "queue", "batch", "run", "encode"],
    );
    const { "http.response.status_code": status, "sealserve.model": model } = call?.attributes ?? {};
    assert.deepEqual([status, model], [200, "half"]);
  });

  it("begins a trace when it comes without one", async () => {
    await predict("half");
    const [call] = finished;
    assert.equal(call?.parentSpanId, undefined);
    assert.match(call?.traceId ?? "", /^[0-9a-f]{32}$/);
    await predict("half", "00-broken");
    assert.notEqual(finished.at(-1)?.traceId, call?.traceId);
  });

  it("that fails says its code, and that of the server's faults it is an error", async () => {
    await predict("unknown-model", SAMPLED);
    const [refused] = finished;
    assert.deepEqual([refused?.attributes["rpc.grpc.status_code"], refused?.isError], [5, false]);
    await predict("half", SAMPLED, "SessionRun");
    const unimplemented = finished.at(-1);
    assert.deepEqual([unimplemented?.attributes["rpc.grpc.status_code"], unimplemented?.isError], [12, true]);
  });

  it("says nothing of what was asked: no values, no names that the server does not know (E4)", async () => {
    await predict("secret-model", SAMPLED);
    await predict("half", SAMPLED, "SecretRpc");
    await predict("half", SAMPLED);
    const body = '{"signature_name": "secret-signature", "instances": [4711]}';
    await rest.send({ method: "POST", path: "/v1/models/secret-model:predict?secret", body });
    assert.ok(finished.length > 8);
    assert.doesNotMatch(JSON.stringify(finished), /secret|Secret|4711/);
  });
});

describe("a call that is not traced", () => {
  it("is one whose caller does not trace it", async () => {
    await predict("half", `00-${TRACE_ID}-${SPAN_ID}-00`);
    assert.deepEqual(finished, []);
  });

  it("is one that runs no model over HTTP", async () => {
    await rest.send({ path: "/v1/models/half", headers: { traceparent: SAMPLED } });
    assert.deepEqual(finished, []);
  });

  it("is one beyond a hundred at once, whoever asks for traces", async () => {
    const headers = { traceparent: SAMPLED };
    const spans: Span[] = [];
    const tracer = new Tracer((ofCall) => spans.push(...ofCall));
    const started = performance.now();
    for (let index = 0; index < 2000; index++) {
      await tracer.rpc(headers, "/a.B/C", async () => "OK");
    }
    const seconds = (performance.now() - started) / 1000;
    const traced = spans.filter(({ kind }) => kind === "server").length;
    assert.ok(traced >= 100 && traced <= 101 + 100 * seconds, `${traced}`);
  });
});
