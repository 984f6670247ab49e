import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServingError } from "@sealserve/protocol";
import { BatchScheduler } from "../../src/batching/batch-scheduler.ts";
import { BatchedModel } from "../../src/batching/batched-model.ts";
import type { Servables } from "../../src/core/servables.ts";
import { BatchMetrics } from "../../src/metrics/batch-metrics.ts";
import { LifeMetrics } from "../../src/metrics/life-metrics.ts";
import { observeProcess } from "../../src/metrics/process-metrics.ts";
import { MetricRegistry } from "../../src/metrics/registry.ts";
import { floats, rules } from "../batching/support.ts";
import { manualClock } from "../support/manual-clock.ts";
import { rowModel } from "../support/row-model.ts";

function linesOf(registry: MetricRegistry, pattern: RegExp): string[] {
  return registry
    .expose()
    .split("\n")
    .filter((line) => !line.startsWith("#") && pattern.test(line));
}

describe("metrics of batches", () => {
  it("tell queueing time, sizes, fill and padding of what has run", async () => {
    const registry = new MetricRegistry();
    const metrics = new BatchMetrics(registry, "pool");
    const clock = manualClock();
    const setting = rules({ timeoutMs: 2, allowedSizes: [4, 8] });
    const id = { name: "m", version: 7n };
    const observer = metrics.observe(id, "halve", setting);
    const scheduler = new BatchScheduler(1, clock);
    const batched = new BatchedModel(rowModel(), { scheduler, of: () => ({ rules: setting, observer }) });
    const answers = [[1, 2], [3]].map((values) => batched.run("halve", new Map([["x", floats(values)]]), ["y"]));
    await clock.advance(2);
    await Promise.all(answers);
    const prefix = ":tensorflow:serving:batching_session";
    assert.deepEqual(linesOf(registry, /batching_session.*_(sum|count)\{/), [
      `${prefix}:queuing_latency_sum{thread_pool_name="pool"} 4000`,
      `${prefix}:queuing_latency_count{thread_pool_name="pool"} 2`,
      `${prefix}:wrapped_run_count{} 1`,
      `${prefix}:padding_size_sum{execution_batch_size="4"} 1`,
      `${prefix}:padding_size_count{execution_batch_size="4"} 1`,
      `${prefix}:input_batch_size_sum{} 3`,
      `${prefix}:input_batch_size_count{} 2`,
      `${prefix}:processed_batch_size_sum{} 4`,
      `${prefix}:processed_batch_size_count{} 1`,
    ]);
    const labels = '{model="m",version="7",signature="halve"}';
    assert.deepEqual(linesOf(registry, /^sealserve_batch_(.*_sum|padding|max|timeout)/), [
      `sealserve_batch_queue_seconds_sum${labels} 0.004`,
      `sealserve_batch_rows_sum${labels} 3`,
      `sealserve_batch_fill_ratio_sum${labels} 0.375`,
      `sealserve_batch_padding_rows_total${labels} 1`,
      `sealserve_batch_max_rows${labels} 8`,
      `sealserve_batch_timeout_seconds${labels} 0.002`,
    ]);
    metrics.forget(id);
    assert.deepEqual(linesOf(registry, /^sealserve_/), []);
  });

  it("tell few sizes apart, since requesters make them up (F6)", () => {
    const registry = new MetricRegistry();
    const observer = new BatchMetrics(registry, "pool").observe({ name: "m", version: 7n }, "halve", rules());
    for (let size = 1; size <= 1000; size++) {
      observer.ran({ requests: 1, rows: size, size, startedAt: 0, endedAt: 1 });
    }
    const series = linesOf(registry, /padding_size_count/);
    assert.equal(series.length, 65);
    assert.match(series.at(-1) ?? "", /\{execution_batch_size=""\} 936$/);
  });
});

describe("metrics of versions", () => {
  const servables: Pick<Servables, "names" | "versions"> = {
    names: () => ["m"],
    versions: () => [
      { version: 2n, state: "AVAILABLE" },
      { version: 1n, state: "END" },
    ],
  };

  it("tell their states, loads, warm-ups and identifiers", async () => {
    const registry = new MetricRegistry();
    const metrics = new LifeMetrics(registry, servables);
    metrics.loaded("m", "ok", 1500);
    metrics.loaded("m", "failed", 500);
    await metrics.observeWarmUp("/models/m/2", async () => 12);
    metrics.identified("m", 2n, "0b9a-17");
    assert.deepEqual(linesOf(registry, /^sealserve_model_version_state/), [
      'sealserve_model_version_state{model="m",version="2",state="AVAILABLE"} 1',
      'sealserve_model_version_state{model="m",version="1",state="END"} 1',
    ]);
    const refused = new ServingError("INVALID_ARGUMENT", "no");
    await assert.rejects(
      metrics.observeWarmUp("/models/m/2", async () => {
        throw refused;
      }),
      refused,
    );
    assert.deepEqual(linesOf(registry, /load_seconds_sum|mlmd|warmup.*(count|read)/), [
      'sealserve_model_load_seconds_sum{model="m",result="ok"} 1.5',
      'sealserve_model_load_seconds_sum{model="m",result="failed"} 0.5',
      ':tensorflow:serving:model_warmup_latency_count{model_path="/models/m/2",status="OK"} 1',
      ':tensorflow:serving:model_warmup_latency_count{model_path="/models/m/2",status="INVALID_ARGUMENT"} 1',
      ':tensorflow:serving:model_warmup_records_read{model_path="/models/m/2",status="OK"} 12',
      ':tensorflow:serving:model_warmup_records_read{model_path="/models/m/2",status="INVALID_ARGUMENT"} 0',
      ':tensorflow:serving:mlmd_map{model_name="m",version="2",uuid="0b9a-17"} 1',
    ]);
    metrics.unloaded("m", 2n, 250);
    assert.deepEqual(linesOf(registry, /unload_seconds_sum|mlmd/), [
      'sealserve_model_unload_seconds_sum{model="m"} 0.25',
    ]);
  });
});

describe("metrics of the process", () => {
  it("tell memory, connections and the event loop's delay, and asking changes nothing (F6)", async () => {
    const registry = new MetricRegistry();
    const stop = observeProcess(registry, {
      connections: () => new Map([["grpc", 3]]),
      bytesInFlight: () => 1024,
    });
    assert.deepEqual(linesOf(registry, /connections|in_flight/), [
      'sealserve_connections{port="grpc"} 3',
      "sealserve_bytes_in_flight{} 1024",
    ]);
    assert.ok(Number(/memory_bytes\{kind="rss"\} (\d+)/.exec(registry.expose())?.[1]) > 1e6);
    const delays = (): string[] => linesOf(registry, /event_loop_delay/);
    assert.equal(delays().length, 4);
    assert.deepEqual(delays(), delays());
    assert.ok(
      delays().every((line) => /\} \d+(\.\d+)?(e-\d+)?$/.test(line)),
      delays().join(),
    );
    stop();
  });
});
