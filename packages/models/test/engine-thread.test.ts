import assert from "node:assert/strict";
import { once } from "node:events";
import { mock, test } from "node:test";
import type { Worker } from "node:worker_threads";

import { EngineThread } from "../src/engine/engine-thread.ts";
import type { EngineMessage, EngineReply, EngineRun, ModelLoad } from "../src/engine/messages.ts";
import { type Parcel, unpackParcel } from "../src/engine/parcel.ts";
import { ModelError } from "../src/errors.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import type { ModelFiles } from "../src/model-files.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { onnxFiles } from "./fixtures/onnx.ts";
import { floats } from "./fixtures/tensors.ts";

const load = (files: ModelFiles = onnxFiles()): ModelLoad => ({ source: files, tags: undefined, threads: 1 });
const run = (parts: Partial<EngineRun> = {}): EngineRun => ({
  signature: "serving_default",
  inputs: new Map([["x", { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 1) }]]),
  outputs: ["y"],
  ...parts,
});

test("a model is moved to the thread, described, and run there", async () => {
  const engine = new EngineThread();
  const files = onnxFiles();
  const model = await engine.load(load(files));
  assert.equal(files.get("model.onnx")?.length, 0, "the buffer is gone from here");
  assert.deepEqual(
    [model.platform, [...model.signatures.keys()], model.refusals.size],
    ["onnx", ["serving_default"], 0],
  );
  assert.deepEqual(model.calls.get("serving_default")?.outputs, ["y"]);
  assert.deepEqual((await engine.run(run())).get("y"), floats([1, 2], [2, 3]));
  await assert.rejects(engine.run(run({ signature: "other" })), modelError("engine-failed", /not loaded/));
  await assert.rejects(engine.run(run({ outputs: ["z"] })), modelError("engine-failed", /no output "z"/));
  await assert.rejects(engine.run(run({ inputs: new Map() })), servingError("INTERNAL", /failed to run/));
  await engine.close();
});

test("errors of reading a model keep their code and details on the way from the thread", async () => {
  const engine = new EngineThread();
  const tags = ["gpu"];
  await assert.rejects(engine.load(load(new Map())), modelError("no-model"));
  await assert.rejects(engine.load(load(new Map([["m.onnx", Uint8Array.of(1, 2, 3)]]))), modelError("bad-onnx"));
  await assert.rejects(engine.load({ ...load(makeHalfPlusTwo()), tags }), (error) => {
    assert.ok(error instanceof ModelError);
    assert.deepEqual([error.code, error.expected, error.actual], ["unknown-tag", "{gpu}", "{serve}"]);
    return true;
  });
  await engine.close();
});

test("a run before anything is loaded fails, and the thread goes on", async () => {
  const engine = new EngineThread();
  await assert.rejects(engine.run(run()), modelError("engine-failed"));
  assert.equal((await engine.load({ ...load(), threads: undefined })).platform, "onnx");
  await engine.close();
});

test("closing waits for what has been asked for, and ends the thread for good", async () => {
  const engine = new EngineThread();
  const loading = engine.load(load());
  const running = engine.run(run());
  await Promise.all([engine.close(), engine.close()]);
  assert.equal((await loading).platform, "onnx");
  assert.deepEqual((await running).get("y")?.shape, [1, 2]);
  await assert.rejects(engine.run(run()), modelError("closed"));
  assert.equal(engine.failure, undefined);
});

test("a run whose signal is aborted is withdrawn and no longer waited for; the others go on", async () => {
  const started = once(process, "worker");
  const engine = new EngineThread();
  const [worker] = (await started) as [Worker];
  const sent = mock.method(worker, "postMessage");
  await engine.load(load());
  const [caller, patient] = [new AbortController(), new AbortController()];
  const reason = new Error("the caller is gone");
  const runs = [engine.run(run(), patient.signal), engine.run(run(), caller.signal), engine.run(run())];
  caller.abort(reason);
  await assert.rejects(runs[1] as Promise<unknown>, reason);
  await assert.rejects(engine.run(run(), caller.signal), reason);
  await Promise.all([runs[0], runs[2]]);
  patient.abort(reason);
  assert.deepEqual(kindsOf(sent.mock.calls.map((call) => call.arguments)), [
    ["load"],
    ["run", "run", "run", "withdraw"],
  ]);
  await engine.close();
});

/** Lets the event loop turn, so that what was asked for in this turn is sent. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("while two messages lie at the thread what is asked for gathers, and goes together; a withdrawal goes at once", async () => {
  const started = once(process, "worker");
  const engine = new EngineThread();
  const [worker] = (await started) as [Worker];
  await engine.load(load());
  const { held, letGo } = holdMessages(worker);
  const caller = new AbortController();
  const runs: Promise<unknown>[] = [];
  for (const signal of [undefined, caller.signal, undefined, undefined]) {
    runs.push(engine.run(run(), signal));
    await turn();
  }
  assert.deepEqual(kindsOf(held), [["run"], ["run"]]);
  caller.abort(new Error("gone"));
  await assert.rejects(runs[1] as Promise<unknown>, /gone/);
  await turn();
  assert.deepEqual(kindsOf(held), [["run"], ["run"], ["run", "run", "withdraw"]]);
  letGo();
  await Promise.all([runs[0], runs[2], runs[3]]);
  const again = holdMessages(worker);
  const late = [engine.run(run())];
  await turn();
  late.push(engine.run(run()));
  await turn();
  assert.deepEqual(kindsOf(again.held), [["run"], ["run"]], "what was withdrawn does not count for ever");
  again.letGo();
  await Promise.all(late);
  await engine.close();
});

test("a reply does not wait for a run that may take much longer than its own", async () => {
  const started = once(process, "worker");
  const engine = new EngineThread();
  const [worker] = (await started) as [Worker];
  await engine.load(load());
  const replies: number[][] = [];
  worker.on("message", (parcel: Parcel) => replies.push(unpackParcel<EngineReply>(parcel).map(({ id }) => id)));
  const LARGE = 1 << 20;
  const inputs = new Map([["x", { dtype: "float32", shape: [LARGE, 2], data: new Float32Array(2 * LARGE) } as const]]);
  for (let tries = 0; tries < 5; tries++) {
    replies.length = 0;
    const runs = [run(), run(), run(), run({ inputs: structuredClone(inputs) }), run()];
    await Promise.all(runs.map((each) => engine.run(each)));
    const ids = replies.flat();
    const withLarge = replies.find((together) => together.includes(ids[3] as number));
    assert.equal(withLarge?.[0], ids[3], "nothing before it is in its message");
  }
  await engine.close();
});

/** Keeps what is posted to a thread until it is let go. */
function holdMessages(worker: Worker): { readonly held: readonly (readonly unknown[])[]; letGo: () => void } {
  const post = worker.postMessage.bind(worker);
  const held: Parameters<typeof post>[] = [];
  const posting = mock.method(worker, "postMessage", (...message: Parameters<typeof post>) => held.push(message));
  return {
    held,
    letGo: () => {
      posting.mock.restore();
      for (const message of held) {
        post(...message);
      }
    },
  };
}

/** What each message that was posted asks for. */
function kindsOf(posted: readonly (readonly unknown[])[]): string[][] {
  return posted.map(([parcel]) => unpackParcel<EngineMessage>(parcel as Parcel).map(({ kind }) => kind));
}

test("a run that cannot be moved to the thread fails alone; those asked for with it and after it run", async () => {
  const engine = new EngineThread();
  await engine.load(load());
  const LARGE = 1 << 14;
  const moved = new Float32Array(LARGE);
  const shared = new Float32Array(LARGE);
  const inputs = (data: Float32Array<ArrayBuffer>) =>
    new Map([["x", { dtype: "float32", shape: [LARGE / 2, 2], data } as const]]);
  const runs = [
    run(),
    run({ inputs: inputs(moved) }),
    run({ inputs: inputs(shared) }),
    run({ inputs: inputs(shared) }),
    run({ signature: (() => "no text") as never }),
    run(),
  ].map((asked) => engine.run(asked));
  structuredClone(moved, { transfer: [moved.buffer] });
  const refused = modelError("engine-failed", /cannot be moved/);
  const ends = await Promise.allSettled(runs);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "rejected", "rejected", "fulfilled"],
  );
  for (const index of [1, 3, 4]) {
    await assert.rejects(runs[index] as Promise<unknown>, refused);
  }
  assert.equal(engine.failure, undefined, "the engine itself is well");
  assert.deepEqual((await engine.run(run())).get("y"), floats([1, 2], [2, 3]));
  await engine.close();
});

test("a load that cannot be moved to the thread fails, and the thread can still be closed", async () => {
  const engine = new EngineThread();
  await assert.rejects(
    engine.load({ ...load(), threads: (() => 1) as never }),
    modelError("engine-failed", /cannot be moved/),
  );
  await engine.close();
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
    await engine.load(load());
    const failure = (): string => engine.failure?.message ?? "none";
    assert.equal(failure(), "none");
    die(worker);
    await assert.rejects(engine.run(run()), modelError("engine-failed", message));
    await assert.rejects(engine.run(run()), modelError("engine-failed", message));
    assert.match(failure(), message);
    await engine.close();
    assert.match(failure(), message, "the reason stays");
  }
});
