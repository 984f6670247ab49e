import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";

import { EngineRunError, EngineThread } from "../src/engine/engine-thread.ts";
import type { EngineTensor } from "../src/engine/messages.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxModel, sumGraph } from "./fixtures/onnx.ts";

const model = (): Uint8Array<ArrayBuffer> => new Uint8Array(onnxModel(sumGraph()));
const feeds = (): Map<string, EngineTensor> =>
  new Map([["x", { type: "float32", dims: [1, 2], data: Float32Array.of(1, 1) }]]);

test("models are moved to the thread, run there, and told apart by their position", async () => {
  const engine = new EngineThread();
  const [good, bad] = [model(), Uint8Array.of(1, 2, 3)];
  const refusals = await engine.load({ models: [good, bad], files: [], threads: 1 });
  assert.equal(refusals[0], undefined);
  assert.match(refusals[1] ?? "", /protobuf/);
  assert.deepEqual([good.length, bad.length], [0, 0], "the buffers are gone from here");
  const outputs = await engine.run(0, feeds(), ["y"]);
  assert.deepEqual(outputs.get("y")?.data, Float32Array.of(2, 3));
  await assert.rejects(engine.run(1, feeds(), ["y"]), EngineRunError);
  await assert.rejects(engine.run(0, feeds(), ["z"]), EngineRunError);
  await assert.rejects(engine.run(0, new Map(), ["y"]), EngineRunError);
  await engine.close();
});

test("a run before anything is loaded fails, and the thread goes on", async () => {
  const engine = new EngineThread();
  await assert.rejects(engine.run(0, feeds(), ["y"]), EngineRunError);
  assert.deepEqual(await engine.load({ models: [model()], files: [], threads: undefined }), [undefined]);
  await engine.close();
});

test("closing waits for what has been asked for, and ends the thread for good", async () => {
  const engine = new EngineThread();
  const loading = engine.load({ models: [model()], files: [], threads: 1 });
  const running = engine.run(0, feeds(), ["y"]);
  await Promise.all([engine.close(), engine.close()]);
  assert.deepEqual(await loading, [undefined]);
  assert.deepEqual((await running).get("y")?.dims, [1, 2]);
  await assert.rejects(engine.run(0, feeds(), ["y"]), modelError("closed"));
  assert.equal(engine.failure, undefined);
});

test("a thread that dies fails what waits and all that is asked later, and closing still ends", async () => {
  const deaths: [(worker: Worker) => unknown, RegExp][] = [
    [(worker) => worker.terminate(), /ended by itself/],
    [(worker) => worker.postMessage(null, []), /has failed/],
    [(worker) => worker.emit("messageerror", new Error("not cloneable")), /has failed/],
  ];
  for (const [die, message] of deaths) {
    const started = once(process, "worker");
    const engine = new EngineThread();
    const [worker] = (await started) as [Worker];
    await engine.load({ models: [model()], files: [], threads: 1 });
    const failure = (): string => engine.failure?.message ?? "none";
    assert.equal(failure(), "none");
    die(worker);
    await assert.rejects(engine.run(0, feeds(), ["y"]), modelError("engine-failed", message));
    await assert.rejects(engine.run(0, feeds(), ["y"]), modelError("engine-failed", message));
    assert.match(failure(), message);
    await engine.close();
    assert.match(failure(), message, "the reason stays");
  }
});
