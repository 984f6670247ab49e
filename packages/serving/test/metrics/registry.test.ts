import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LATENCY_MICROS } from "../../src/metrics/buckets.ts";
import { MetricRegistry } from "../../src/metrics/registry.ts";

describe("the text of metrics", () => {
  it("is TensorFlow Serving's: a type for each metric, colons in its names, no help", () => {
    const registry = new MetricRegistry();
    const count = registry.counter({ name: "/tensorflow/serving/request_count", labels: ["model_name", "status"] });
    registry.counter({ name: "/tensorflow/serving/batching_session/wrapped_run_count" });
    const sizes = registry.histogram({ name: "/a/sizes", labels: ["of"] }, Float64Array.of(1, 2.5));
    registry.histogram({ name: "/a/plain-sizes" }, Float64Array.of(1)).of().observe(7);
    count.of("half", "OK").add();
    count.of("half", "OK").add(2);
    count.of("half", "NOT_FOUND").add();
    for (const value of [0.5, 1, 2, 3]) {
      sizes.of("x").observe(value);
    }
    assert.equal(
      registry.expose(),
      `# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{model_name="half",status="OK"} 3
:tensorflow:serving:request_count{model_name="half",status="NOT_FOUND"} 1
# TYPE :tensorflow:serving:batching_session:wrapped_run_count counter
:tensorflow:serving:batching_session:wrapped_run_count{} 0
# TYPE :a:sizes histogram
:a:sizes_bucket{of="x",le="1"} 2
:a:sizes_bucket{of="x",le="2.5"} 3
:a:sizes_bucket{of="x",le="+Inf"} 4
:a:sizes_sum{of="x"} 6.5
:a:sizes_count{of="x"} 4
# TYPE :a:plain:sizes histogram
:a:plain:sizes_bucket{le="1"} 0
:a:plain:sizes_bucket{le="+Inf"} 1
:a:plain:sizes_sum{} 7
:a:plain:sizes_count{} 1
`,
    );
  });

  it("has help for metrics of our own, and numbers read at that moment", () => {
    const registry = new MetricRegistry();
    let held = 1;
    const gauge = { name: "sealserve_bytes", labels: ["kind"], help: "Bytes held." };
    registry.gauge(gauge, () => [[["a"], held]]);
    held = 5;
    assert.equal(
      registry.expose(),
      '# HELP sealserve_bytes Bytes held.\n# TYPE sealserve_bytes gauge\nsealserve_bytes{kind="a"} 5\n',
    );
  });

  it("quotes what labels hold", () => {
    const registry = new MetricRegistry();
    registry.counter({ name: "c", labels: ["l"] }).of('a"b\\c\nd');
    assert.match(registry.expose(), /^c\{l="a\\"b\\\\c\\nd"\} 0$/m);
  });

  it("has the limits of latencies as TensorFlow Serving prints them", () => {
    const registry = new MetricRegistry();
    registry.histogram({ name: "h" }, LATENCY_MICROS);
    const limits = [...registry.expose().matchAll(/le="([^"]+)"/g)].map(([, limit]) => limit);
    assert.equal(limits.length, 34);
    assert.deepEqual(limits.slice(0, 6), ["10", "18", "32.4", "58.32", "104.976", "188.957"]);
    assert.deepEqual(limits.slice(19, 22), ["708235", "1.27482e+06", "2.29468e+06"]);
    assert.equal(limits.at(-1), "+Inf");
  });
});

describe("a histogram", () => {
  it("counts each value in the first bucket whose limit it does not exceed", () => {
    const registry = new MetricRegistry();
    const cell = registry.histogram({ name: "h" }, Float64Array.of(1, 2, 4)).of();
    const values = [-1, 0, 1, 1.5, 2, 3.9, 4, 4.1, Number.POSITIVE_INFINITY];
    for (const value of values) {
      cell.observe(value);
    }
    assert.deepEqual([...cell.counts], [3, 2, 2, 2]);
  });
});

describe("labels", () => {
  it("are bounded: from some number on, new ones are counted together (F6)", () => {
    const registry = new MetricRegistry();
    const counter = registry.counter({ name: "c", labels: ["model", "code"] });
    for (let index = 0; index < 10_000; index++) {
      counter.of(`model${index}`, "OK").add();
    }
    const lines = registry.expose().split("\n");
    assert.ok(lines.length < 4200, `${lines.length}`);
    assert.ok(lines.some((line) => /^c\{model="",code=""\} 59\d\d$/.test(line)));
    assert.equal(registry.counterValue("c"), 10_000n);
  });

  it("are forgotten by their values", () => {
    const registry = new MetricRegistry();
    const counter = registry.counter({ name: "c", labels: ["model", "version"] });
    for (const [model, version] of [
      ["a", "1"],
      ["a", "2"],
      ["b", "1"],
    ] as const) {
      counter.of(model, version).add();
    }
    counter.forget({ model: "a", version: "1" });
    assert.equal(registry.counterValue("c"), 2n);
    assert.equal(counter.of("a", "1").value, 0);
    counter.forget({ model: "a", unknown: "1" });
    assert.equal(registry.counterValue("c"), 2n);
  });
});

describe("a registry", () => {
  it("tells the value of counters by name, and of nothing else", () => {
    const registry = new MetricRegistry();
    registry
      .counter({ name: "/a/c", labels: ["l"] })
      .of("x")
      .add(3);
    registry.histogram({ name: "/a/h" }, Float64Array.of(1));
    assert.equal(registry.counterValue("/a/c"), 3n);
    assert.equal(registry.counterValue("/a/h"), undefined);
    assert.equal(registry.counterValue(":a:c"), undefined);
  });

  it("takes a name once", () => {
    const registry = new MetricRegistry();
    registry.counter({ name: "c" });
    assert.throws(() => registry.gauge({ name: "c" }, () => []), /metric c is registered already/);
  });
});
