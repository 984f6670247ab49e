import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Input, ModelSpec, type PredictRequest, ServingError } from "@sealserve/protocol";
import type { Call } from "../../src/core/call.ts";
import type { Handler } from "../../src/core/handler.ts";
import { ObservedHandler } from "../../src/metrics/observed-handler.ts";
import { MetricRegistry } from "../../src/metrics/registry.ts";
import { RequestMetrics } from "../../src/metrics/request-metrics.ts";

const grpc: Call = { signal: new AbortController().signal, entrypoint: "GRPC" };
const rest: Call = { ...grpc, entrypoint: "REST" };
const ran = ModelSpec.create({ name: "half", version: 3n, signatureName: "serving_default" });

/** Answers for model `half`, and refuses all others. */
const handler: Handler = {
  predict: async ({ modelSpec }) => {
    refuseOthers(modelSpec);
    return { modelSpec: ran, outputs: new Map() };
  },
  classify: async ({ modelSpec }) => {
    refuseOthers(modelSpec);
    return { modelSpec: ran, result: { classifications: [] } };
  },
  regress: async ({ modelSpec }) => {
    refuseOthers(modelSpec);
    return { modelSpec: ran, result: { regressions: [] } };
  },
  multiInference: async ({ tasks }) => {
    refuseOthers(tasks[0]?.modelSpec);
    return { results: [{ modelSpec: ran }] };
  },
  metadata: () => ({ metadata: new Map() }),
  status: () => ({ modelVersionStatus: [] }),
  signature: () => undefined,
};

function refuseOthers(spec: ModelSpec | undefined): void {
  if (spec?.name === "broken") {
    throw new TypeError("a bug");
  }
  if (spec?.name !== "half") {
    throw new ServingError("NOT_FOUND", "no such model");
  }
}

function observe() {
  const registry = new MetricRegistry();
  const metrics = new RequestMetrics(registry, (name) => name === "half" || name === "broken");
  const lines = (pattern: RegExp): string[] =>
    registry
      .expose()
      .split("\n")
      .filter((line) => !line.startsWith("#") && pattern.test(line));
  return { metrics, lines, observed: new ObservedHandler(handler, metrics), registry };
}

function predict(name: string): PredictRequest {
  return { modelSpec: ModelSpec.create({ name }), inputs: new Map(), outputFilter: [] };
}

const examples: Input = { exampleList: { examples: [new Uint8Array(), new Uint8Array(), new Uint8Array()] } };

describe("an observed handler", () => {
  it("counts successes by TensorFlow Serving's labels and by version and signature", async () => {
    const { observed, lines } = observe();
    await observed.predict(predict("half"), grpc);
    await observed.predict(predict("half"), grpc);
    await observed.predict(predict("half"), rest);
    await observed.classify({ modelSpec: ModelSpec.create({ name: "half" }), input: examples }, grpc);
    assert.deepEqual(lines(/^:tensorflow:serving:request_count/), [
      ':tensorflow:serving:request_count{model_name="half",status="OK"} 3',
    ]);
    assert.deepEqual(lines(/^:tensorflow:serving:request_latency_count/), [
      ':tensorflow:serving:request_latency_count{model_name="half",API="Predict",entrypoint="GRPC"} 2',
      ':tensorflow:serving:request_latency_count{model_name="half",API="Classify",entrypoint="GRPC"} 1',
    ]);
    assert.deepEqual(lines(/^:tensorflow:serving:runtime_latency_count/), [
      ':tensorflow:serving:runtime_latency_count{model_name="half",API="Predict",runtime="TF1"} 3',
      ':tensorflow:serving:runtime_latency_count{model_name="half",API="Classify",runtime="TF1"} 1',
    ]);
    const labels = 'model="half",version="3",signature="serving_default"';
    assert.deepEqual(lines(/^sealserve_requests_total/), [
      `sealserve_requests_total{${labels},method="Predict",entrypoint="GRPC",code="OK"} 2`,
      `sealserve_requests_total{${labels},method="Predict",entrypoint="REST",code="OK"} 1`,
      `sealserve_requests_total{${labels},method="Classify",entrypoint="GRPC",code="OK"} 1`,
    ]);
    assert.equal(lines(/^sealserve_request_duration_seconds_count/).length, 3);
  });

  it("counts failures by code, an unforeseen one as INTERNAL, and their latency not at all", async () => {
    const { observed, lines } = observe();
    await assert.rejects(async () => await observed.predict(predict("broken"), grpc), TypeError);
    await assert.rejects(observed.regress({ modelSpec: ModelSpec.create({ name: "other" }) }, grpc), ServingError);
    assert.deepEqual(lines(/^:tensorflow:serving:request_count/), [
      ':tensorflow:serving:request_count{model_name="broken",status="INTERNAL"} 1',
      ':tensorflow:serving:request_count{model_name="",status="NOT_FOUND"} 1',
    ]);
    assert.deepEqual(lines(/latency_count/), []);
  });

  it("never takes a name from a request into a label (F6, E4)", async () => {
    const { observed, registry, metrics } = observe();
    for (let index = 0; index < 50; index++) {
      const spec = ModelSpec.create({ name: `made-up-${index}`, signatureName: "made-up" });
      await assert.rejects(async () => await observed.predict({ ...predict(""), modelSpec: spec }, grpc));
      await assert.rejects(observed.classify({ modelSpec: spec, input: examples }, rest));
      metrics.answeredRest("predict", `made-up-${index}`, "NOT_FOUND", 1);
    }
    assert.doesNotMatch(registry.expose(), /made-up/);
    assert.equal(registry.counterValue("/tensorflow/serving/request_count"), 100n);
  });

  it("counts examples, and MultiInference under our names only", async () => {
    const { observed, lines } = observe();
    const task = { modelSpec: ModelSpec.create({ name: "half" }), methodName: "tensorflow/serving/regress" };
    await observed.multiInference({ tasks: [task], input: examples }, grpc);
    await assert.rejects(observed.multiInference({ tasks: [] }, grpc));
    assert.deepEqual(lines(/request_count|request_latency|runtime_latency/), []);
    assert.deepEqual(lines(/example_count_total/), [':tensorflow:serving:request_example_count_total{model="half"} 3']);
    assert.deepEqual(lines(/request_example_counts_bucket.*le="(2|4)"/), [
      ':tensorflow:serving:request_example_counts_bucket{model="half",le="2"} 0',
      ':tensorflow:serving:request_example_counts_bucket{model="half",le="4"} 1',
    ]);
    assert.equal(lines(/^sealserve_requests_total.*MultiInference/).length, 2);
  });

  it("counts REST calls as a whole, their latency when they succeed", () => {
    const { metrics, lines } = observe();
    metrics.answeredRest("predict", "half", "OK", 5);
    metrics.answeredRest("predict", "half", "INVALID_ARGUMENT", 5);
    assert.deepEqual(lines(/request_count/), [
      ':tensorflow:serving:request_count{model_name="half",status="OK"} 1',
      ':tensorflow:serving:request_count{model_name="half",status="INVALID_ARGUMENT"} 1',
    ]);
    assert.deepEqual(lines(/request_latency_(sum|count)/), [
      ':tensorflow:serving:request_latency_sum{model_name="half",API="predict",entrypoint="REST"} 5000',
      ':tensorflow:serving:request_latency_count{model_name="half",API="predict",entrypoint="REST"} 1',
    ]);
  });

  it("forgets the series of a version that is gone, and begins anew when it comes back", async () => {
    const { observed, metrics, lines } = observe();
    await observed.predict(predict("half"), grpc);
    metrics.forget("half", 3n);
    assert.deepEqual(lines(/version="3"/), []);
    await observed.predict(predict("half"), grpc);
    assert.match(lines(/^sealserve_requests_total/)[0] ?? "", / 1$/);
    assert.match(lines(/request_count/)[0] ?? "", / 2$/, "TensorFlow Serving's go on");
  });

  it("passes on what it does not count", () => {
    const { observed } = observe();
    assert.deepEqual(observed.metadata({ metadataField: [] }), { metadata: new Map() });
    assert.deepEqual(observed.status({}), { modelVersionStatus: [] });
    assert.equal(observed.signature(ran, ""), undefined);
  });
});
