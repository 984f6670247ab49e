import assert from "node:assert/strict";
import { test } from "node:test";
import { ServingError } from "@sealserve/protocol";
import { BatchMetrics } from "../../src/metrics/batch-metrics.ts";
import { observeLoading } from "../../src/metrics/observed-loading.ts";
import { ServerMetrics } from "../../src/metrics/server-metrics.ts";
import { rules } from "../batching/support.ts";
import { rowModel } from "../support/row-model.ts";

const id = { name: "m", version: 3n };
const signal = new AbortController().signal;

function parts() {
  const metrics = new ServerMetrics({ names: () => ["m"], versions: () => [] });
  const batches = new BatchMetrics(metrics.registry, "pool");
  const seriesOfVersion = (): string[] => metrics.registry.expose().match(/^\w+(?=\{.*version="3")/gm) ?? [];
  return { metrics, batches, seriesOfVersion };
}

test("a load that fails leaves no series of its version behind, although its warm-up was batched (F6)", async () => {
  const { metrics, batches, seriesOfVersion } = parts();
  const load = observeLoading(
    async () => {
      batches.observe(id, "halve", rules()).queued(1, 1);
      assert.ok(seriesOfVersion().length > 0);
      throw new ServingError("INVALID_ARGUMENT", "its warm-up failed");
    },
    metrics,
    batches,
  );
  await assert.rejects(load(id, new Map(), signal), /warm-up failed/);
  assert.deepEqual(seriesOfVersion(), []);
  assert.match(metrics.registry.expose(), /^sealserve_model_load_seconds_count\{model="m",result="failed"\} 1$/m);
});

test("how much the process grew while a version was loaded is told until the version is gone", async () => {
  const { metrics, batches, seriesOfVersion } = parts();
  const bytes = 64 << 20;
  const held: Buffer[] = [];
  const load = async () => {
    held.push(Buffer.alloc(bytes, 1));
    return rowModel();
  };
  const model = await observeLoading(load, metrics, batches)(id, new Map(), signal);
  const [, grown] =
    /^sealserve_model_load_memory_bytes\{model="m",version="3"\} (\d+)$/m.exec(metrics.registry.expose()) ?? [];
  assert.ok(Number(grown) > bytes / 2 && held.length === 1, `${grown} bytes`);
  await model.close();
  assert.deepEqual(seriesOfVersion(), []);
});

test("only what can be an identifier of ML Metadata becomes a label", async () => {
  for (const [content, expected] of [
    ["0b9a-17\n", 1],
    ["any text", 0],
    ["a".repeat(129), 0],
  ] as const) {
    const { metrics, batches } = parts();
    const files = new Map([["assets.extra/mlmd_uuid", Buffer.from(content)]]);
    await observeLoading(async () => rowModel(), metrics, batches)(id, files, signal);
    const series = metrics.registry.expose().match(/^:tensorflow:serving:mlmd_map\{/gm) ?? [];
    assert.equal(series.length, expected, content);
  }
});
