import assert from "node:assert/strict";
import { once } from "node:events";
import { mock, type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";

import { EngineThread, stuckThreads } from "../src/engine/engine-thread.ts";
import type { EngineMessage } from "../src/engine/messages.ts";
import { type Parcel, unpackParcel } from "../src/engine/parcel.ts";
import { Watchdog } from "../src/engine/watchdog.ts";
import { loadModel } from "../src/load-model.ts";
import { intAttribute } from "../src/onnx/attribute.ts";
import { GraphProto } from "../src/onnx/schema.ts";
import { makeInitialiser, makeNode, makeValueInfo } from "../src/onnx/write.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxFiles, onnxModel } from "./fixtures/onnx.ts";
import { booleans, int64s } from "./fixtures/tensors.ts";

/** A watchdog with a limit of 100 ms and a clock that the test moves. */
function watched(context: TestContext) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let [now, stuck] = [0, 0];
  const watchdog = new Watchdog(
    100,
    () => stuck++,
    () => now,
  );
  const pass = (milliseconds: number): number => {
    now += milliseconds;
    context.mock.timers.tick(milliseconds);
    return stuck;
  };
  return { watchdog, pass };
}

test("work without progress is told once, at its limit", (context) => {
  const { watchdog, pass } = watched(context);
  assert.equal(pass(1000), 0);
  watchdog.watch();
  watchdog.watch();
  assert.equal(pass(99), 0);
  assert.equal(pass(1), 1);
  assert.equal(pass(1000), 1);
});

test("progress counts from anew, rest ends the watch, and more work does not", (context) => {
  const { watchdog, pass } = watched(context);
  watchdog.watch();
  pass(60);
  watchdog.progress();
  assert.equal(pass(60), 0);
  watchdog.watch();
  assert.equal(pass(39), 0);
  assert.equal(pass(1), 1);
  watchdog.watch();
  watchdog.rest();
  assert.equal(pass(1000), 1);
});

const run = () => ({
  signature: "serving_default",
  inputs: new Map([["x", { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 1) } as const]]),
  outputs: ["y"],
});

test("a thread that does not answer is given up with all that waits, also when its caller left", async (context) => {
  const started = once(process, "worker");
  const engine = new EngineThread(200);
  const [worker] = (await started) as [Worker];
  context.after(() => worker.terminate());
  await engine.load({ source: onnxFiles(), tags: undefined, threads: 1 });
  const posting = mock.method(worker, "postMessage", () => undefined);
  const caller = new AbortController();
  const left = engine.run(run(), caller.signal);
  caller.abort(new Error("gone"));
  await assert.rejects(left, /gone/);
  await assert.rejects(engine.run(run()), modelError("engine-stuck", /more than 200 ms; its thread is given up/));
  assert.match(engine.failure?.message ?? "", /given up/);
  await engine.close();
  const asked = posting.mock.calls.flatMap(({ arguments: [parcel] }) => unpackParcel<EngineMessage>(parcel as Parcel));
  assert.equal(asked.at(-1)?.kind, "close", "it ends by itself if it ever comes back");
});

test("runs that are answered, or left out since nobody waits for them, are not held against the thread", async () => {
  const engine = new EngineThread(3000);
  await engine.load({ source: onnxFiles(), tags: undefined, threads: 1 });
  const caller = new AbortController();
  const runs = [engine.run(run()), engine.run(run(), caller.signal)];
  caller.abort(new Error("gone"));
  await Promise.allSettled(runs);
  await new Promise((resolve) => setTimeout(resolve, 3500));
  assert.equal(engine.failure, undefined);
  await engine.close();
});

/** `onnx.AttributeProto.AttributeType.GRAPH`. */
const GRAPH = 5;

/** A loop of ONNX that goes round so often. */
function loopingModel(rounds: number): Uint8Array {
  const body = GraphProto.create({
    name: "body",
    node: [makeNode("Identity", ["goes"], ["on"]), makeNode("Add", ["sum", "sum"], ["next"])],
    input: [makeValueInfo("round", "int64", []), makeValueInfo("goes", "bool", []), makeValueInfo("sum", "float32")],
    output: [makeValueInfo("on", "bool", []), makeValueInfo("next", "float32")],
  });
  const attribute = { ...intAttribute("body", 0), type: GRAPH, i: undefined, g: body };
  return onnxModel(
    GraphProto.create({
      name: "loop",
      node: [makeNode("Loop", ["rounds", "true", "x"], ["y"], [attribute])],
      initializer: [makeInitialiser("rounds", int64s([], [rounds])), makeInitialiser("true", booleans([], [1]))],
      input: [makeValueInfo("x", "float32", [-1, 2])],
      output: [makeValueInfo("y", "float32")],
    }),
  );
}

test("a run that the engine does not come back from fails at its limit", async (context) => {
  const started = once(process, "worker");
  const engine = new EngineThread(300);
  context.after(() => engine.close());
  const [worker] = (await started) as [Worker];
  const source = new Map([["model.onnx", loopingModel(1_000_000)]]);
  await engine.load({ source, tags: undefined, threads: 1 });
  const exited = once(worker, "exit");
  await assert.rejects(engine.run(run()), modelError("engine-stuck", /given up/));
  assert.equal(stuckThreads(), 1);
  await exited;
  assert.equal(stuckThreads(), 0, "it came back");
});

/** Large matrices, multiplied again and again, that the engine works out when it loads the model. */
function slowToLoad(): Uint8Array {
  const size = 2000;
  const products = Array.from({ length: 20 }, (_, index) => makeNode("MatMul", [`m${index}`, "m0"], [`m${index + 1}`]));
  return onnxModel(
    GraphProto.create({
      name: "slow",
      node: [
        makeNode("ConstantOfShape", ["size"], ["m0"]),
        ...products,
        makeNode("ReduceSum", [`m${products.length}`], ["sum"]),
        makeNode("Add", ["x", "sum"], ["y"]),
      ],
      initializer: [makeInitialiser("size", int64s([2], [size, size]))],
      input: [makeValueInfo("x", "float32", [-1, 2])],
      output: [makeValueInfo("y", "float32")],
    }),
  );
}

test("a load that the engine does not come back from fails at its limit, and its caller does not wait for the thread", async () => {
  const source = new Map([["model.onnx", slowToLoad()]]);
  const loading = loadModel(source, { threads: 1, maxMs: 500 });
  await assert.rejects(
    loading,
    modelError("engine-stuck", /loading the model has taken more than 500 ms; its thread is given up/),
  );
  assert.equal(stuckThreads(), 1);
  for (const end = Date.now() + 120_000; stuckThreads() > 0 && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(stuckThreads(), 0, "it came back");
});
