import assert from "node:assert/strict";
import { once } from "node:events";
import { mock, test } from "node:test";
import type { Worker } from "node:worker_threads";

import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { MAX_LIGHT_ELEMENTS } from "../src/light/light-graph.ts";
import { loadModel } from "../src/load-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { onnxFiles } from "./fixtures/onnx.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { feed, floats, int32s } from "./fixtures/tensors.ts";

async function loadWatched(files: Map<string, Uint8Array>) {
  const started = once(process, "worker");
  const loading = loadModel(files);
  const [worker] = (await started) as [Worker];
  const model = await loading;
  const sent = mock.method(worker, "postMessage");
  const run = async (tensor: Parameters<typeof feed>[0], signal?: AbortSignal) =>
    (await model.run("serving_default", feed(tensor), [], { signal })).get("y");
  return { model, worker, run, crossings: () => sent.mock.callCount() };
}

test("a small call of a light graph does not cross to the engine's thread, a large one does", async () => {
  const { model, run, crossings } = await loadWatched(makeHalfPlusTwo());
  expectTensor(await run(floats([3], [1, 2, 5])), floats([3], [2.5, 3, 4.5]));
  assert.equal(crossings(), 0);
  const many = Array.from({ length: MAX_LIGHT_ELEMENTS }, (_, index) => index);
  expectTensor(
    await run(floats([many.length], many)),
    floats(
      [many.length],
      many.map((value) => value / 2 + 2),
    ),
  );
  assert.equal(crossings(), 1);
  await model.close();
});

test("calls that do not fit are refused in the words that they are refused in otherwise", async () => {
  const { model, run } = await loadWatched(onnxFiles());
  await assert.rejects(
    run(int32s([1, 2], [1, 2])),
    servingError("INVALID_ARGUMENT", /Expects arg\[0\] to be float but int32/),
  );
  await assert.rejects(run(floats([1, 3])), servingError("INVALID_ARGUMENT", /Got invalid dimensions for input: x/));
  await assert.rejects(run(floats([2])), servingError("INVALID_ARGUMENT", /Invalid rank for input: x/));
  await model.close();
});

test("a call that is given up, or comes when the model is closed or its engine is gone, is not run", async () => {
  const { model, run } = await loadWatched(onnxFiles());
  const reason = new Error("the caller is gone");
  await assert.rejects(run(floats([1, 2]), AbortSignal.abort(reason)), reason);
  await model.close();
  await assert.rejects(run(floats([1, 2])), modelError("closed"));
  const other = await loadWatched(onnxFiles());
  await other.worker.terminate();
  await assert.rejects(other.run(floats([1, 2])), modelError("engine-failed"));
  assert.equal(other.model.failure?.code, "engine-failed");
});
