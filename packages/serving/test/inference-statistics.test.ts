import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchScheduler } from "../src/batching/batch-scheduler.ts";
import { BatchedModel } from "../src/batching/batched-model.ts";
import { ModelHandler } from "../src/core/handler.ts";
import { InferenceService } from "../src/open-inference/inference-service.ts";
import { OneServable } from "../src/warmup/one-servable.ts";
import { floats, observed, rules } from "./batching/support.ts";
import { manualClock } from "./support/manual-clock.ts";
import { rowModel } from "./support/row-model.ts";

const WAIT_MS = 2;

/** A batched model with the Open Inference Protocol in front of it. */
function bench() {
  const clock = manualClock();
  const scheduler = new BatchScheduler(1, clock);
  const setting = rules({ timeoutMs: WAIT_MS, maxBatchRows: 4, maxRequestRows: 8, splitLarge: true });
  const model = new BatchedModel(rowModel(), { scheduler, of: () => ({ rules: setting, observer: observed() }) });
  const servables = new OneServable({ name: "m", version: 1n, model });
  const service = new InferenceService(new ModelHandler(servables), servables, "1.2.3");
  const infer = async (...values: number[]) => {
    const request = { id: "", signatureName: "halve", inputs: new Map([["x", floats(values)]]), outputs: ["y"] };
    const call = { signal: new AbortController().signal, entrypoint: "GRPC" } as const;
    // Real time passes too, so that the call takes longer than it waited.
    const answer = service.infer({ name: "m", version: "" }, request, call);
    await new Promise((resolve) => setTimeout(resolve, 2 * WAIT_MS));
    await clock.advance(WAIT_MS);
    return await answer;
  };
  const statistics = () => service.statistics({ name: "m", version: "1" })[0]?.inferenceStats;
  return { infer, statistics };
}

test("statistics tell how long calls waited for a batch, apart from the time of computing", async () => {
  const { infer, statistics } = bench();
  await infer(1);
  await infer(2, 3, 4, 5, 6);
  const { success, queue, computeInfer } = statistics() ?? {};
  assert.deepEqual(
    queue,
    { count: 2n, ns: 2n * BigInt(WAIT_MS) * 1_000_000n },
    "of a split call the longest wait counts",
  );
  assert.deepEqual(computeInfer, { count: 2n, ns: (success?.ns ?? 0n) - (queue?.ns ?? 0n) });
  assert.ok((computeInfer?.ns ?? 0n) > 0n);
});
